import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Inputs, ModelRunner } from "../../src/runner/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { failure, model } from "./fixture.ts";

describe("wrong inputs are refused with their name, before anything runs", () => {
  let several: ModelRunner;
  let batch: ModelRunner;
  let dynamic: ModelRunner;
  beforeAll(async () => {
    several = await ModelRunner.load(model("several.onnx"));
    batch = await ModelRunner.load(model("batch.onnx"));
    dynamic = await ModelRunner.load(model("dynamic.onnx"));
  });
  afterAll(() => Promise.all([several, batch, dynamic].map((runner) => runner.close())));

  const six = new Float32Array(6);
  const right = { a: six, b: six, mask: new Uint8Array(6), counts: new Int32Array(4) };
  const closed = () => {
    using memory = new TensorMemory(64);
    return memory.getView().as("float32");
  };
  const cases: [what: string, runner: () => ModelRunner, inputs: () => unknown, code: string, words: string[]][] = [
    ["one is missing", () => several, () => ({ ...right, mask: undefined }), "missing_input", ['"mask"', '"counts"']],
    ["all are missing", () => several, () => ({}), "missing_input", ['"a"']],
    ["one too many", () => several, () => ({ ...right, c: six }), "unknown_input", ['"c"', '"counts"']],
    ["another dtype", () => several, () => ({ ...right, b: new Float64Array(6) }), "wrong_dtype", ['"b"', "float32"]],
    [
      "elements for bool",
      () => several,
      () => ({ ...right, mask: new Int8Array(6) }),
      "wrong_dtype",
      ['"mask"', "bool"],
    ],
    [
      "too few elements",
      () => several,
      () => ({ ...right, a: new Float32Array(5) }),
      "wrong_shape",
      ['"a"', "5", "[2,3]"],
    ],
    [
      "another shape",
      () => several,
      () => ({ ...right, a: { data: six, shape: [3, 2] } }),
      "wrong_shape",
      ['"a"', "[3,2]"],
    ],
    ["half an element", () => several, () => ({ ...right, a: new ArrayBuffer(23) }), "wrong_size", ['"a"', "23"]],
    [
      "rows that do not come out even",
      () => batch,
      () => ({ x: new Float32Array(6) }),
      "wrong_shape",
      ['"x"', "[-1,4]"],
    ],
    ["two unknown axes", () => dynamic, () => ({ x: six }), "wrong_shape", ['"x"', "[-1,-1]"]],
    ["another rank", () => batch, () => ({ x: { data: six, shape: [6] } }), "wrong_shape", ['"x"', "[6]"]],
    ["a list of numbers", () => batch, () => ({ x: [0, 0, 0, 1] }), "invalid_argument", ['"x"']],
    ["a number", () => batch, () => ({ x: 7 }), "invalid_argument", ['"x"', "7"]],
    ["memory that was closed", () => batch, () => ({ x: closed() }), "closed", ['"x"']],
  ];
  test.each(cases)("%s", async (_, runner, inputs, code, words) => {
    const given = inputs() as Inputs;
    expect(() => runner().execute(given)).toThrow(failure(code, "ModelRunner.execute", ...words) as Error);
    await expect(runner().executeAsync(given)).rejects.toEqual(failure(code, "ModelRunner.executeAsync", ...words));
    expect(runner().stats().pending).toBe(0);
  });

  test("the inputs as they should be are taken", () => {
    expect(several.execute(right)["sum"]!.data).toEqual(six);
  });
});

describe("a run that fails says why, and the next one works", () => {
  const cases = [
    ["gather.onnx", { index: new BigInt64Array([9n]) }, { index: new BigInt64Array([2n]) }, "Gather"],
    [
      "reshape.onnx",
      { x: new Float32Array(6), shape: new BigInt64Array([4n, 4n]) },
      { x: new Float32Array(6), shape: new BigInt64Array([3n, -1n]) },
      "Reshape",
    ],
  ] as const;
  test.each(cases)("%s", async (name, bad, good, words) => {
    await using runner = await ModelRunner.load(model(name));
    for (let round = 0; round < 3; round++) {
      expect(() => runner.execute(bad)).toThrow(failure("run_failed", "ModelRunner.execute", words) as Error);
      await expect(runner.executeAsync(bad)).rejects.toEqual(failure("run_failed", "ModelRunner.executeAsync", words));
      expect(runner.execute(good)["y"]!.byteLength).toBeGreaterThan(0);
      expect((await runner.executeAsync(good))["y"]!.byteLength).toBeGreaterThan(0);
    }
  });
});

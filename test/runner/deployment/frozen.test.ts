import { describe, expect, test } from "bun:test";
import { compileOnnx } from "../../../src/popef/index.ts";
import { ModelRunner, type ModelRunnerConfig } from "../../../src/runner/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { copyModel } from "../../session/copy-model.ts";
import { failure } from "../fixture.ts";
import { models } from "../models.ts";
import { pairFile, popefFile, product, rows, weight } from "./popef-models.ts";

const places = [
  ["the processor", 0],
  ["a simulated IPU", 1],
] as const;

/** A runner, with so many simulated IPUs. */
async function use(
  ipus: number,
  path: string,
  config: ModelRunnerConfig,
  body: (runner: ModelRunner) => Promise<void>,
) {
  using sim = ipus > 0 ? simulate({ ipus }) : undefined;
  {
    await using runner = await ModelRunner.load(path, config);
    await body(runner);
  }
  expect(sim?.leaks() ?? []).toEqual([]);
}

describe.each(places)("frozenInputs on %s", (_name, ipus) => {
  test("take the place of weights in the file", async () => {
    const w = weight.map((value) => value * 2 + 1);
    await use(ipus, await popefFile(), { frozenInputs: { w } }, async (runner) => {
      w.fill(0);
      const changed = weight.map((value) => value * 2 + 1);
      expect((await runner.executeAsync({ x: rows(4) }))["y"]!.data).toEqual(product(rows(4), changed));
      expect(runner.getModelInputs().map(({ name }) => name)).toEqual(["x", "w"]);
    });
  });

  test("hold inputs of the main program constant, which execute then has no more", async () => {
    await use(ipus, await pairFile(), { frozenInputs: { b: Float32Array.of(1, 2, 3, 4) } }, async (runner) => {
      expect(runner.getExecuteInputs().map(({ name }) => name)).toEqual(["a"]);
      expect(runner.getModelInputs().map(({ name }) => name)).toEqual(["a", "b"]);
      const { sum, difference } = await runner.executeAsync({ a: Float32Array.of(10, 10, 10, 10) });
      expect([...sum!.data, ...difference!.data].map(Number)).toEqual([11, 12, 13, 14, 9, 8, 7, 6]);
    });
  });

  test.each([
    [{ w: new Float32Array(31) }, "wrong_shape", "w"],
    [{ w: new Int32Array(32) }, "wrong_dtype", "w"],
    [{ w: { data: new Float32Array(32), shape: [8, 4] } }, "wrong_shape", "[8,4]"],
    [{ v: new Float32Array(32) }, "unknown_input", '"v"'],
    [7, "invalid_argument", "frozenInputs"],
  ])("%p are refused", async (frozenInputs, code, words) => {
    const path = await popefFile();
    await using sim = new AsyncDisposableStack();
    if (ipus > 0) sim.use(simulate({ ipus }));
    await expect(ModelRunner.load(path, { frozenInputs: frozenInputs as never })).rejects.toEqual(failure(code, words));
  });
});

test("frozenInputs are taken from any memory, and copied", async () => {
  using memory = new TensorMemory(weight.byteLength);
  memory.getView().as("float32").set(weight);
  for (const w of [memory, new DataView(weight.buffer), { data: weight, shape: [4, 8] }]) {
    await use(0, await popefFile(), { frozenInputs: { w } }, async (runner) => {
      expect((await runner.executeAsync({ x: rows(4) }))["y"]!.data).toEqual(product(rows(4)));
    });
  }
});

describe("frozenInputs of an ONNX model", () => {
  test("hold inputs constant, whose open axes follow from the data", async () => {
    await use(0, models.shared, { frozenInputs: { other: Float32Array.of(5) }, batchingDim: 0 }, async (runner) => {
      expect((await runner.executeAsync({ x: new Float32Array(8) }))["y"]!.data).toEqual(new Float32Array(8).fill(5));
    });
    await use(0, models.pair, { frozenInputs: { b: Float32Array.of(1, 2, 3, 4) } }, async (runner) => {
      const { sum } = await runner.executeAsync({ a: new Float32Array(4) });
      expect(sum!.data).toEqual(Float32Array.of(1, 2, 3, 4));
    });
  });

  test.each([
    [{ nothing: Float32Array.of(1) }, "unknown_input", '"nothing"'],
    [{ other: Int32Array.of(1) }, "wrong_dtype", '"other"'],
    [{ other: Float32Array.of(1, 2) }, "wrong_size", '"other"'],
    [{ x: { data: new Float32Array(5), shape: [1, 5] } }, "wrong_shape", '"x"'],
  ])("%p are refused", async (frozenInputs, code, words) => {
    await expect(ModelRunner.load(models.shared, { frozenInputs })).rejects.toEqual(failure(code, words));
  });
});

test("without frozenInputs, the default, execute has every input of the main program", async () => {
  using model = await compileOnnx(models.pair, { batchSize: 2 });
  await using runner = await ModelRunner.load(model);
  expect(runner.getExecuteInputs().map(({ name }) => name)).toEqual(["a", "b"]);
});

test("a weight that is nowhere is asked for by name", async () => {
  using model = copyModel({ noWeight: true });
  await expect(ModelRunner.load(model)).rejects.toEqual(failure("missing_input", '"w"'));
});

import { describe, expect, test } from "bun:test";
import { ModelRunner } from "../../src/runner/index.ts";
import { elementTypes, Shape } from "../../src/tensor/index.ts";
import { arrayOf, expected, model } from "./fixture.ts";
import { models } from "./models.ts";

describe("a model answers what Python's onnxruntime answers", () => {
  const numbered = expected.map((row, index) => [`${row.model} #${index}`, row] as const);
  test.each(numbered)("%s", async (_, row) => {
    await using runner = await ModelRunner.load(model(row.model));
    const inputs = Object.fromEntries(
      Object.entries(row.inputs).map(([name, tensor]) => [
        name,
        { data: arrayOf(tensor), dtype: tensor.dtype, shape: tensor.shape },
      ]),
    );
    for (const outputs of [runner.execute(inputs), await runner.executeAsync(inputs)]) {
      expect(Object.keys(outputs).sort()).toEqual(Object.keys(row.outputs).sort());
      for (const [name, wanted] of Object.entries(row.outputs)) {
        const result = outputs[name]!;
        expect(result.dtype).toBe(wanted.dtype);
        expect(result.shape).toEqual(wanted.shape);
        expect(result.data.constructor.name).toBe(elementTypes[wanted.dtype].arrayType.name);
        expect(result.bytes().toHex()).toBe(wanted.hex);
        expect(result.byteLength).toBe(wanted.hex.length / 2);
      }
    }
  });
});

test("a model says what it takes and gives", async () => {
  await using runner = await ModelRunner.load(model("dynamic.onnx"));
  expect(runner.getExecuteInputs()).toEqual([
    {
      name: "x",
      dtype: "float32",
      shape: [-1, -1],
      axisNames: ["batch", "width"],
      sizeInBytes: undefined,
      popefContainsTensorData: false,
    },
  ]);
  expect(runner.getExecuteOutputs().map((desc) => [desc.name, desc.shape, desc.axisNames])).toEqual([
    ["doubled", [-1, -1], ["batch", "width"]],
    ["row_sum", [-1], ["batch"]],
  ]);
});

test("a model of fixed shape says its bytes, and scalars have no axes", async () => {
  await using runner = await ModelRunner.load(model("scalar.onnx"));
  expect(runner.getExecuteInputs().map((desc) => [desc.shape, desc.axisNames, desc.sizeInBytes])).toEqual([
    [[], [], 4],
    [[], [], 4],
    [[], [], 8],
  ]);
});

describe("one axis of unknown size follows from a bare array", () => {
  test.each([0, 1, 3, 1000])("of %d rows", async (rows) => {
    await using runner = await ModelRunner.load(model("batch.onnx"), {
      expect: { inputs: { x: "float32" }, outputs: { y: "float32" } },
    });
    const x = new Float32Array(rows * 4).map((_, i) => (i % 4 === 3 ? i >> 2 : 0));
    const { y } = runner.execute({ x });
    expect(y.shape).toEqual([rows, 3]);
    for (let row = 0; row < rows; row++) {
      expect([...y.data.subarray(row * 3, row * 3 + 3)]).toEqual([
        1 + (9 * row) / 4,
        (10 * row) / 4,
        (11 * row) / 4 - 1,
      ]);
    }
  });
});

test("the same request memory serves shapes that grow, shrink and come back", async () => {
  await using runner = await ModelRunner.load(model("dynamic.onnx"));
  for (const shape of [
    [1, 1],
    [3, 5],
    [100, 200],
    [2, 2],
    [0, 4],
    [1, 1],
    [100, 200],
  ]) {
    const x = new Float32Array(Shape.elementCount(shape)).map((_, i) => i - 7);
    const { doubled, row_sum } = runner.execute({ x: { data: x, shape } });
    expect(doubled!.shape).toEqual(shape);
    expect(doubled!.data).toEqual(x.map((value) => value * 2));
    expect(row_sum!.shape).toEqual([shape[0]!]);
  }
});

test("raw bytes are taken at any alignment", async () => {
  await using runner = await ModelRunner.load(model("identity-float64.onnx"));
  const wanted = new Float64Array([1, -2, 3.5, 4, 5, 1e300]);
  const odd = Buffer.alloc(6 * 8 + 3);
  odd.set(new Uint8Array(wanted.buffer), 3);
  expect(runner.execute({ x: odd.subarray(3) })["y"]!.data).toEqual(wanted);
});

test.each(["execute", "executeAsync"] as const)(
  "%s: an output whose symbol is wrong about its rows is what the engine says it is",
  async (call) => {
    await using runner = await ModelRunner.load(models.doubled);
    for (const rows of [1, 2, 1, 300]) {
      const x = Float32Array.from({ length: rows * 4 }, (_, index) => index);
      const { y } = await runner[call]({ x });
      expect(y!.shape).toEqual([2 * rows, 4]);
      expect([...y!.data]).toEqual([...x, ...x]);
    }
  },
);

import { describe, expect, test } from "bun:test";
import { Bufferizer } from "../../src/bufferizer/index.ts";
import { CudaDevice } from "../../src/cuda/index.ts";
import { preprocessModel } from "../../src/popef/index.ts";
import { ModelRunner } from "../../src/runner/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { model } from "../runner/fixture.ts";

const expectation = { expect: { inputs: { x: "float32" }, outputs: { y: "float32" } } } as const;
/** `batch.onnx` answers 1 + 9k/4 first. */
const row = (k: number) => Float32Array.of(0, 0, 0, 4 * k);
const answers = (y: { readonly data: Float32Array }) =>
  [...y.data].filter((_, i) => i % 3 === 0).map((v) => (v - 1) / 9);

describe("a full buffer as the input of a model", () => {
  test.each(["filled", "darray", "take"] as const)("goes by reference, without a copy: %s", async (how) => {
    await using runner = await ModelRunner.load(model("batch.onnx"), expectation);
    using buffer = new Bufferizer({ shape: [4], bufferSize: 3, dtype: "float32" });
    for (let k = 1; k <= 3; k++) buffer.append(row(k));
    using x = how === "take" ? buffer.take() : buffer[how];
    const { y } = await runner.executeAsync({ x });
    expect(answers(y)).toEqual([1, 2, 3]);
    expect(answers(runner.execute({ x }).y)).toEqual([1, 2, 3]);
    expect(runner.stats()).toMatchObject({ bytesCopied: 0, bytesReferenced: 96 });
  });

  test("is a window that slides, wherever it begins", async () => {
    await using runner = await ModelRunner.load(model("batch.onnx"), expectation);
    using buffer = new Bufferizer({ shape: [4], bufferSize: 3, dtype: "float32", fullPolicy: "dropOldest" });
    for (let k = 1; k <= 9; k++) {
      buffer.append(row(k));
      using x = buffer.filled;
      expect(answers(runner.execute({ x }).y).at(-1)).toBe(k);
    }
    expect(runner.stats().bytesCopied).toBe(0);
  });

  test("is consumed while the other fills", async () => {
    await using runner = await ModelRunner.load(model("batch.onnx"), expectation);
    const seen: number[][] = [];
    {
      await using buffer = new Bufferizer({
        shape: [4],
        bufferSize: 4,
        dtype: "float32",
        fullPolicy: "swap",
        bufferFullHook: async (b) => {
          using x = b.take();
          const { y } = await runner.executeAsync({ x });
          seen.push(answers(y));
        },
      });
      for (let k = 1; k <= 42; k++) await buffer.appendAsync(row(k));
    }
    expect(seen.flat()).toEqual(Array.from({ length: 42 }, (_, k) => k + 1));
    expect(seen.map((batch) => batch.length)).toEqual([...Array<number>(10).fill(4), 2]);
  });

  test("of a GPU is read there by a model of kernels", async () => {
    using simulation = simulate({ cuda: 1 });
    using device = CudaDevice.open(0);
    using stream = device.createStream();
    using preprocess = preprocessModel({
      input: { width: 4, height: 4 },
      size: { width: 2, height: 2 },
      normalize: "unit",
      batchSize: 2,
    });
    await using runner = await ModelRunner.load(preprocess, { device });
    const seen: number[][] = [];
    const before = simulation.cuda.transfers();
    {
      await using buffer = new Bufferizer({
        shape: [4, 4, 3],
        bufferSize: 2,
        dtype: "uint8",
        stream,
        fullPolicy: "swap",
        bufferFullHook: async (b) => {
          using image = b.take();
          const { images } = await runner.executeAsync({ image });
          const data = images!.data as Float32Array;
          seen.push([data.length, ...new Set(Array.from(data, (value) => Math.round(value * 255)))]);
        },
      });
      for (let k = 1; k <= 6; k++) await buffer.appendAsync(new Uint8Array(48).fill(k));
    }
    expect(seen).toEqual([
      [24, 1, 2],
      [24, 3, 4],
      [24, 5, 6],
    ]);
    const after = simulation.cuda.transfers();
    const toDevice = after.toDeviceDirect + after.toDeviceStaged - before.toDeviceDirect - before.toDeviceStaged;
    // What was appended went to the device once; nothing was copied there for the model.
    expect([toDevice, after.withinDevice - before.withinDevice]).toEqual([6 * 48, 0]);
    expect(runner.stats()).toMatchObject({ bytesCopied: 0 });
  });
});

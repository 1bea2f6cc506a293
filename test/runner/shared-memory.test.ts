import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FastIOContext } from "../../src/fastio/index.ts";
import { ModelRunner } from "../../src/runner/index.ts";
import { alive, model } from "./fixture.ts";

const expectBatch = { expect: { inputs: { x: "float32" }, outputs: { y: "float32" } } } as const;
const expectSteps = { expect: { inputs: { x: "float32", steps: "int64" }, outputs: { y: "float32" } } } as const;

let job: FastIOContext;
let before: ReturnType<typeof alive>;
beforeEach(() => {
  before = alive();
  job = FastIOContext.open(`runner-${process.pid}`);
});
afterEach(() => {
  job.close();
  expect(alive()).toEqual(before);
});

const scan = (values: readonly number[]) => {
  const made = job.create({ dtype: "float32", shape: [values.length / 4, 4] });
  made.map().set(values);
  return made;
};

describe("shared memory as input goes by reference", () => {
  test("as a published tensor, with its own shape", async () => {
    await using runner = await ModelRunner.load(model("batch.onnx"), expectBatch);
    using made = scan([0, 0, 0, 4, 0, 0, 0, 8]);
    made.publish("scan");
    using got = job.get("scan", { dtype: "float32" });
    const copied = job.stats().bytesCopiedOut;
    const { y } = await runner.executeAsync({ x: got });
    expect(y.shape).toEqual([2, 3]);
    expect([...y.data]).toEqual([10, 10, 10, 19, 20, 21]);
    expect(runner.execute({ x: got }).y.data).toEqual(y.data);
    expect(job.stats().bytesCopiedOut).toBe(copied);
    expect(runner.stats()).toMatchObject({ bytesCopied: 0, bytesReferenced: 64 });
  });

  test("as a part of map(), wherever it begins", async () => {
    await using runner = await ModelRunner.load(model("batch.onnx"), expectBatch);
    using made = scan(Array.from({ length: 4096 }, (_, i) => (i % 4 === 3 ? i >> 2 : 0)));
    const all = made.map();
    for (const row of [0, 1, 5, 511, 1023]) {
      const { y } = runner.execute({ x: all.subarray(row * 4, row * 4 + 4) });
      expect(y.data[1]).toBe((10 * row) / 4);
    }
  });

  test("and is neither freed nor used anew while a request reads it", async () => {
    await using runner = await ModelRunner.load(model("slow-steps.onnx"), expectSteps);
    const steps = (count: bigint) => new BigInt64Array([count]);
    const blocker = runner.executeAsync({ x: new Float32Array(1), steps: steps(20n) });
    const running = Array.from({ length: 8 }, (_, k) => {
      const made = job.create({ dtype: "float32", shape: [1] });
      made.map()[0] = k + 1;
      const answer = runner.executeAsync({ x: made, steps: steps(0n) });
      made.free();
      return answer;
    });
    // Of the same size: what is free would be taken from the recycled memory.
    const others = Array.from({ length: 8 }, () => {
      const made = job.create({ dtype: "float32", shape: [1], uninitialized: true });
      made.map()[0] = -1;
      return made;
    });
    await blocker;
    const answers = await Promise.all(running);
    expect(answers.map(({ y }) => y.data[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const made of others) made.release();
  });
});

test("a private view is the reader's own: what it wrote there is what the model sees", async () => {
  await using runner = await ModelRunner.load(model("batch.onnx"), expectBatch);
  using made = scan([0, 0, 0, 16]);
  made.publish("scan");
  using got = job.get("scan", { dtype: "float32" });
  const mine = got.getArray();
  mine[3] = 4;
  expect(runner.execute({ x: mine }).y.data[0]).toBe(10);
  expect(runner.execute({ x: got }).y.data[0]).toBe(37);
  // Nor is it a way to write to what others see.
  const y = job.create({ dtype: "float32", shape: [1, 3] });
  y.publish("y");
  runner.execute({ x: mine }, { outputs: { y: y.getArray() } });
  expect([...y.map()]).toEqual([0, 0, 0]);
  y.free();
});

test("shared memory as output is written in place", async () => {
  await using runner = await ModelRunner.load(model("batch.onnx"), expectBatch);
  using made = job.create({ dtype: "float32", shape: [1, 3] });
  const { y } = await runner.executeAsync(
    { x: new Float32Array([0, 0, 0, 4]) },
    { outputs: { y: { data: made.map(), shape: [1, 3] } } },
  );
  expect([...made.map()]).toEqual([10, 10, 10]);
  expect(y.data.buffer).toBe(made.map().buffer);
});

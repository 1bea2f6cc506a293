import { describe, expect, test } from "bun:test";
import { setImmediate, setInterval } from "node:timers";
import fc from "fast-check";
import { ModelRunner } from "../../src/runner/index.ts";
import { failure, model } from "./fixture.ts";

const expectBatch = { expect: { inputs: { x: "float32" }, outputs: { y: "float32" } } } as const;
const expectSteps = { expect: { inputs: { x: "float32", steps: "int64" }, outputs: { y: "float32" } } } as const;

/** An input of `batch.onnx` and the answer to it. */
const question = (k: number) => ({ x: new Float32Array([0, 0, 0, k]) });
const answer = (k: number) => new Float32Array([1 + (9 * k) / 4, (10 * k) / 4, (11 * k) / 4 - 1]);

const steps = (k: number, count: number | bigint) => ({
  x: new Float32Array([k]),
  steps: new BigInt64Array([BigInt(count)]),
});

test("64 callers at once get their own answers, again and again", async () => {
  await using runner = await ModelRunner.load(model("batch.onnx"), expectBatch);
  const caller = async (id: number) => {
    for (let round = 0; round < 20; round++) {
      const k = id * 100 + round;
      const { y } = await runner.executeAsync(question(k));
      expect(y.data).toEqual(answer(k));
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, id) => caller(id)));
  expect(runner.stats().pending).toBe(0);
});

test("answers are right for any mix of row counts, blocking calls and failures", async () => {
  await using runner = await ModelRunner.load(model("batch.onnx"), expectBatch);
  const call = fc.record({ rows: fc.integer({ min: 0, max: 40 }), blocking: fc.boolean(), wrong: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
      await Promise.all(
        calls.map(async ({ rows, blocking, wrong }, index) => {
          const x = new Float32Array(rows * 4 + (wrong ? 1 : 0)).map((_, i) => (i % 4 === 3 ? index : 0));
          const run = () => (blocking ? runner.execute({ x }) : runner.executeAsync({ x }));
          if (wrong) return expect(run).toThrow(failure("wrong_shape") as Error);
          const { y } = await run();
          expect(y.data).toEqual(new Float32Array(Array.from({ length: rows }, () => [...answer(index)]).flat()));
        }),
      );
    }),
    { numRuns: 30 },
  );
});

test("requests end in the order in which they were submitted", async () => {
  await using runner = await ModelRunner.load(model("slow-steps.onnx"), expectSteps);
  const ended: number[] = [];
  const running = [5, 0, 3, 0, 1].map((count, id) => runner.executeAsync(steps(id, count)).then(() => ended.push(id)));
  await Promise.all(running);
  expect(ended).toEqual([0, 1, 2, 3, 4]);
});

test("an array may be changed as soon as executeAsync has returned", async () => {
  await using runner = await ModelRunner.load(model("slow-steps.onnx"), expectSteps);
  const x = new Float32Array(1);
  const running = Array.from({ length: 8 }, (_, k) => {
    x[0] = k;
    return runner.executeAsync({ x, steps: new BigInt64Array([2n]) });
  });
  x[0] = -1;
  expect((await Promise.all(running)).map(({ y }) => y.data[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("execute waits for what is queued, and its answer is its own", async () => {
  await using runner = await ModelRunner.load(model("slow-steps.onnx"), expectSteps);
  const running = [1, 2, 3].map((k) => runner.executeAsync(steps(k, 20)));
  expect(runner.execute(steps(4, 0)).y.data).toEqual(new Float32Array([4]));
  expect((await Promise.all(running)).map(({ y }) => y.data[0])).toEqual([1, 2, 3]);
});

test("the event loop goes on while a slow model runs", async () => {
  await using runner = await ModelRunner.load(model("slow.onnx"));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  try {
    const { y } = await runner.executeAsync({ x: new Float32Array([7]) });
    expect(y!.data).toEqual(new Float32Array([7]));
    // A run takes tens of milliseconds; a loop that is blocked by it ticks once or not at all.
    expect(ticks).toBeGreaterThanOrEqual(5);
    ticks = 0;
    runner.execute({ x: new Float32Array([8]) });
    expect(ticks).toBe(0);
  } finally {
    clearInterval(timer);
  }
});

test("the event loop turns while answers and new requests keep coming", async () => {
  await using runner = await ModelRunner.load(model("batch.onnx"), { ...expectBatch, batchingDim: 0, maxBatchSize: 8 });
  let stopped = false;
  let turns = 0;
  // Ten turns of the loop from now, however many requests that takes.
  const turn = () => {
    stopped = ++turns === 10;
    if (!stopped) setImmediate(turn);
  };
  setImmediate(turn);
  const caller = async (id: number) => {
    for (let k = id; !stopped; k++) expect((await runner.executeAsync(question(k))).y.data).toEqual(answer(k));
  };
  await Promise.all(Array.from({ length: 32 }, (_, id) => caller(id)));
  expect(turns).toBe(10);
});

describe("a full queue", () => {
  test("refuses at once with its length, and takes requests again when one has ended", async () => {
    await using runner = await ModelRunner.load(model("slow-steps.onnx"), { ...expectSteps, maxQueueSize: 3 });
    const first = [1, 2, 3].map((k) => runner.executeAsync(steps(k, 5)));
    expect(runner.stats().pending).toBe(3);
    const refused = await runner.executeAsync(steps(4, 0)).catch((error: unknown) => error);
    expect(refused).toEqual(failure("queue_full", "3 requests"));
    expect(refused).toEqual(expect.objectContaining({ retryable: true }));
    // A blocking call has a place of its own.
    expect(runner.execute(steps(5, 0)).y.data).toEqual(new Float32Array([5]));
    await Promise.all(first);
    expect((await runner.executeAsync(steps(6, 0))).y.data).toEqual(new Float32Array([6]));
  });
});

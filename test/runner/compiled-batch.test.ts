import { describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelRunner, type ModelRunnerConfig } from "../../src/runner/index.ts";
import { failure } from "./fixture.ts";
import { models } from "./models.ts";

// The model takes [4, 2], no more and no fewer rows.
const rowsOf = (count: number, value: number) => ({
  x: { data: new Float32Array(2 * count).fill(value), shape: [count, 2] },
});
const answer = (count: number, value: number) => new Float32Array(2 * count).fill(3 * value);
const load = (config: ModelRunnerConfig = {}) => ModelRunner.load(models.compiled, { batchingDim: 0, ...config });
const ask = async (runner: ModelRunner, count: number, value: number) => {
  const { y } = await runner.executeAsync(rowsOf(count, value), { deadlineMs: 3000 });
  expect(y!.shape).toEqual([count, 2]);
  expect(y!.data).toEqual(answer(count, value));
};
/** Far beyond what a test waits. */
const anHour = 3600e9;

test("without batchingDim a compiled model takes its own shape only", async () => {
  await using runner = await ModelRunner.load(models.compiled);
  expect(runner.execute(rowsOf(4, 1))["y"]!.data).toEqual(answer(4, 1));
  expect(() => runner.execute(rowsOf(3, 1))).toThrow(failure("wrong_shape") as Error);
});

test("any number of rows is answered: whole batches, divided requests, zeros for what lacks", async () => {
  await using runner = await load();
  for (const count of [4, 8, 1, 3, 5, 11, 0]) {
    await ask(runner, count, count + 1);
    expect(runner.execute(rowsOf(count, 7))["y"]!.data).toEqual(answer(count, 7));
  }
  const { rows, batches, paddingRows } = runner.stats();
  expect(rows).toBe(2 * (4 + 8 + 1 + 3 + 5 + 11));
  expect(rows + paddingRows).toBe(4 * batches);
});

test("by default nothing waits for more rows", async () => {
  await using runner = await load();
  expect(runner.config().timeoutNs).toBeUndefined();
  await ask(runner, 1, 5);
  expect(runner.stats()).toMatchObject({ batches: 1, rows: 1, paddingRows: 3 });
});

test("rows wait for others up to timeoutNs, and the batch that they fill begins at once", async () => {
  await using runner = await load({ timeoutNs: anHour });
  const first = ask(runner, 1, 1);
  await sleep(5);
  await Promise.all([first, ask(runner, 2, 2), ask(runner, 1, 3)]);
  expect(runner.stats()).toMatchObject({ batches: 1, rows: 4, paddingRows: 0 });
  await Promise.all([ask(runner, 9, 4), ask(runner, 3, 5)]);
  expect(runner.stats()).toMatchObject({ batches: 4, rows: 16, paddingRows: 0 });
});

test("after timeoutNs the batch runs, filled up with zeros", async () => {
  await using runner = await load({ timeoutNs: 2e6 });
  await ask(runner, 3, 1);
  expect(runner.stats()).toMatchObject({ batches: 1, rows: 3, paddingRows: 1 });
});

describe("a timeout of", () => {
  const stuck: [what: string, config: ModelRunnerConfig][] = [
    ["0 never ends", { timeoutNs: 0 }],
    ["Infinity never ends", { timeoutNs: Number.POSITIVE_INFINITY }],
    ["batchSizeTimeoutNs goes before timeoutNs when it is enabled", { timeoutNs: 1, isBatchSizeTimeoutEnabled: true }],
  ];
  test.each(stuck)("%s", async (_, config) => {
    await using runner = await load(config);
    let answered = false;
    const waiting = ask(runner, 3, 1).then(() => (answered = true));
    await sleep(30);
    expect(answered).toBe(false);
    await Promise.all([waiting, ask(runner, 1, 2)]);
    expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 0 });
  });

  test("batchSizeTimeoutNs ends a wait that timeoutNs would not", async () => {
    await using runner = await load({ timeoutNs: anHour, isBatchSizeTimeoutEnabled: true, batchSizeTimeoutNs: 1e6 });
    await ask(runner, 3, 1);
    expect(runner.stats().paddingRows).toBe(1);
  });

  test("batchSizeTimeoutNs counts only when it is enabled", async () => {
    await using runner = await load({ timeoutNs: 1e6, batchSizeTimeoutNs: anHour });
    await ask(runner, 3, 1);
    expect(runner.stats().paddingRows).toBe(1);
  });
});

describe("given up in the middle of a wait, a request", () => {
  test("leaves its place in the batch to others", async () => {
    await using runner = await load({ timeoutNs: anHour });
    const controller = new AbortController();
    const waiting = runner.executeAsync(rowsOf(3, 1), { signal: controller.signal }).catch((reason: unknown) => reason);
    await sleep(5);
    controller.abort("enough");
    expect(await waiting).toBe("enough");
    await Promise.all([ask(runner, 2, 2), ask(runner, 2, 3)]);
    expect(runner.stats()).toMatchObject({ batches: 1, rows: 4, pending: 0 });
  });

  test("that was divided runs no further", async () => {
    await using runner = await load({ timeoutNs: anHour });
    const controller = new AbortController();
    // One batch runs, two rows of it wait.
    const waiting = runner.executeAsync(rowsOf(6, 1), { signal: controller.signal }).catch((reason: unknown) => reason);
    while (runner.stats().batches === 0) await sleep(1);
    controller.abort("enough");
    expect(await waiting).toBe("enough");
    await ask(runner, 4, 3);
    expect(runner.stats()).toMatchObject({ batches: 2, rows: 8, pending: 0 });
  });
});

describe("flushCallback", () => {
  test("gives the rows that fill a batch, by the name of the input that lacks them", async () => {
    const asked: string[] = [];
    const results = new Float32Array(2);
    await using runner = await load({
      timeoutNs: 1e6,
      flushCallback: (tensorId) => {
        asked.push(tensorId);
        return { inputs: rowsOf(1, 50), outputs: { y: { data: results, shape: [1, 2] } } };
      },
    });
    await ask(runner, 3, 1);
    expect(asked).toEqual(["x"]);
    expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 0 });
    while (results[0] === 0) await sleep(1);
    expect(results).toEqual(answer(1, 50));
  });

  test("is served while a blocking execute waits", async () => {
    let asked = 0;
    await using runner = await load({ timeoutNs: 1e6, flushCallback: () => void asked++ });
    expect(runner.execute(rowsOf(3, 2))["y"]!.data).toEqual(answer(3, 2));
    expect(asked).toBe(1);
    expect(runner.stats().paddingRows).toBe(1);
  });

  test("that gives nothing, or too few rows, leaves the rest to zeros", async () => {
    await using runner = await load({ timeoutNs: 1e6, flushCallback: () => ({ inputs: rowsOf(1, 9) }) });
    await ask(runner, 1, 1);
    expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 2 });
  });

  test("is not called for a batch that fills up in time", async () => {
    let asked = 0;
    await using runner = await load({ timeoutNs: anHour, flushCallback: () => void asked++ });
    await Promise.all([ask(runner, 2, 1), ask(runner, 2, 2)]);
    expect(asked).toBe(0);
  });

  test("must be a function", async () => {
    await expect(load({ flushCallback: 5 as never })).rejects.toEqual(failure("invalid_argument", "flushCallback"));
  });
});

test("ringBufferSizeMultiplier makes room for so many batches beyond maxQueueSize", async () => {
  for (const [config, room] of [
    [{}, 3 + 2 * 4],
    [{ ringBufferSizeMultiplier: 5 }, 3 + 5 * 4],
  ] as const) {
    await using runner = await load({ timeoutNs: anHour, maxQueueSize: 3, ...config });
    // Without rows nothing fills a batch.
    const none = Array.from({ length: room }, () => runner.executeAsync(rowsOf(0, 0)).catch((error: unknown) => error));
    await expect(runner.executeAsync(rowsOf(1, 1))).rejects.toEqual(failure("queue_full", `${room} requests`));
    await runner.close({ mode: "reject" });
    for (const error of await Promise.all(none)) expect(error).toEqual(failure("closed"));
  }
});

test.each(["timeoutNs", "batchSizeTimeoutNs", "dataParallelTimeoutNs"])("%s must be a duration", async (name) => {
  for (const value of [-1, Number.NaN, "5"]) {
    await expect(load({ [name]: value })).rejects.toEqual(failure("invalid_argument", name));
  }
});

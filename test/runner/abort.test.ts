import { describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelRunner } from "../../src/runner/index.ts";
import { alive, failure, model } from "./fixture.ts";

const options = { expect: { inputs: { x: "float32", steps: "int64" }, outputs: { y: "float32" } } } as const;
const load = () => ModelRunner.load(model("slow-steps.onnx"), options);
// Does not end by itself within a test.
const endless = 1_000_000_000n;
const request = (k: number, steps: bigint) => ({ x: new Float32Array([k]), steps: new BigInt64Array([steps]) });
const outcome = (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);

describe("an aborted request rejects with the signal's reason", () => {
  test("before it was submitted: nothing is queued", async () => {
    await using runner = await load();
    const signal = AbortSignal.abort("too late");
    expect(await outcome(runner.executeAsync(request(1, 0n), { signal }))).toBe("too late");
    expect(runner.stats().pending).toBe(0);
  });

  test("while it waits: it never runs, and its place is free at once", async () => {
    await using runner = await load();
    const blocker = new AbortController();
    const running = outcome(runner.executeAsync(request(1, endless), { signal: blocker.signal }));
    const waiting = new AbortController();
    const queued = outcome(runner.executeAsync(request(2, endless), { signal: waiting.signal }));
    await sleep(5);
    waiting.abort("changed my mind");
    expect(await queued).toBe("changed my mind");
    expect(runner.stats().pending).toBe(1);
    blocker.abort("enough");
    expect(await running).toBe("enough");
    expect((await runner.executeAsync(request(3, 0n))).y.data).toEqual(new Float32Array([3]));
  });

  test("while it runs: the run ends early and the next request gets its turn", async () => {
    await using runner = await load();
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const running = outcome(runner.executeAsync(request(1, endless), { signal: controller.signal }));
      const next = runner.executeAsync(request(2, 1n));
      await sleep(5);
      const reason = new Error("stop");
      controller.abort(reason);
      expect(await running).toBe(reason);
      expect((await next).y.data).toEqual(new Float32Array([2]));
    }
  });

  test("after it has ended: nothing happens, and the signal holds nothing of it", async () => {
    await using runner = await load();
    const controller = new AbortController();
    const { y } = await runner.executeAsync(request(4, 0n), { signal: controller.signal });
    controller.abort("late");
    expect(y.data).toEqual(new Float32Array([4]));
    expect((await runner.executeAsync(request(5, 0n))).y.data).toEqual(new Float32Array([5]));
  });

  test("a signal is recognised by its shape", async () => {
    await using runner = await load();
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      reason: "by hand",
      addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
    };
    const running = outcome(runner.executeAsync(request(1, endless), { signal: signal as unknown as AbortSignal }));
    await sleep(5);
    for (const listener of listeners) listener();
    expect(await running).toBe("by hand");
    expect(listeners.size).toBe(0);
  });

  test.each([7, "signal", {}])("%j is no signal", async (signal) => {
    await using runner = await load();
    const refused = outcome(runner.executeAsync(request(1, 0n), { signal: signal as unknown as AbortSignal }));
    expect(await refused).toEqual(failure("invalid_argument", "signal"));
  });
});

describe("a deadline", () => {
  test.each([0, -5])("of %d ms is over before the request is queued", async (deadlineMs) => {
    await using runner = await load();
    const refused = await outcome(runner.executeAsync(request(1, 0n), { deadlineMs }));
    expect(refused).toEqual(failure("deadline", String(deadlineMs)));
  });

  test("that passes while requests run and wait ends them all, and the next request runs", async () => {
    await using runner = await load();
    const late = [1, 2, 3].map((k) => outcome(runner.executeAsync(request(k, endless), { deadlineMs: 10 })));
    for (const error of await Promise.all(late)) expect(error).toEqual(failure("deadline", "10 ms"));
    expect((await runner.executeAsync(request(4, 1n), { deadlineMs: 60_000 })).y.data).toEqual(new Float32Array([4]));
  });

  test.each([Number.POSITIVE_INFINITY, undefined, 2 ** 40])("of %p ms never passes", async (deadlineMs) => {
    await using runner = await load();
    expect((await runner.executeAsync(request(6, 1n), { deadlineMs })).y.data).toEqual(new Float32Array([6]));
  });

  test.each([Number.NaN, "5", null])("of %p is refused", async (deadlineMs) => {
    await using runner = await load();
    const refused = await outcome(runner.executeAsync(request(1, 0n), { deadlineMs: deadlineMs as number }));
    expect(refused).toEqual(failure("invalid_argument", "deadlineMs"));
  });
});

test("requests that were given up leave nothing behind", async () => {
  const before = alive();
  {
    await using runner = await load();
    const signal = AbortSignal.timeout(5);
    const givenUp = Array.from({ length: 20 }, (_, k) => outcome(runner.executeAsync(request(k, endless), { signal })));
    await Promise.all(givenUp);
  }
  expect(alive()).toEqual(before);
});

import { describe, expect, test } from "bun:test";
import { CapacityError } from "../../src/native/error.ts";
import { ModelRunner, type ModelRunnerConfig, QueuePolicy } from "../../src/runner/index.ts";
import { alive, failure, model } from "./fixture.ts";

const ports = { expect: { inputs: { x: "float32", steps: "int64" }, outputs: { y: "float32" } } } as const;
const load = (config: Omit<ModelRunnerConfig, "expect"> = {}) =>
  ModelRunner.load(model("slow-steps.onnx"), { ...config, ...ports });
const steps = (k: number, count: number | bigint) => ({
  x: new Float32Array([k]),
  steps: new BigInt64Array([BigInt(count)]),
});
const endless = 1_000_000_000n;
const outcome = (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);

describe("priority", () => {
  test("decides who runs next, and among equals the order submitted", async () => {
    await using runner = await load();
    const ended: string[] = [];
    const run = async (name: string, priority?: number) => {
      await runner.executeAsync(steps(0, name === "first" ? 20 : 0), { priority });
      ended.push(name);
    };
    const first = run("first");
    while (runner.stats().running === 0) await Bun.sleep(1);
    await Promise.all([
      first,
      run("low", -3),
      run("a"),
      run("high a", 5),
      run("b", 0),
      run("highest", 32_767),
      run("high b", 5),
      run("lowest", -32_768),
    ]);
    expect(ended).toEqual(["first", "highest", "high a", "high b", "a", "b", "low", "lowest"]);
  });

  test.each([0.5, 32_768, -32_769, "1"])("of %p is refused", async (priority) => {
    await using runner = await load();
    const refused = runner.executeAsync(steps(0, 0), { priority: priority as number });
    await expect(refused).rejects.toEqual(failure("invalid_argument", "priority"));
  });
});

describe("a full queue", () => {
  test("rejects by default, with its length and after how long it may have room", async () => {
    await using runner = await load({ maxQueueSize: 3 });
    expect(runner.config().queuePolicy).toBe(QueuePolicy.Reject);
    runner.execute(steps(0, 40));
    const running = [1, 2, 3].map((k) => runner.executeAsync(steps(k, 40)));
    const error: unknown = await outcome(runner.executeAsync(steps(4, 0)));
    if (!(error instanceof CapacityError)) throw error;
    expect<unknown>(error).toEqual(failure("queue_full", "3 requests"));
    expect(error.retryable).toBe(true);
    expect(error.queueLength).toBe(3);
    // Three runs as long as the last one are ahead.
    const runMs = runner.getMonitoringStatisticsMean().computationDurationUs / 1000;
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(Math.max(1, Math.floor(runMs)));
    expect(runner.stats().rejected).toBe(1);
    await Promise.all(running);
  });

  test("lets requests wait when asked to: all are answered, in their order", async () => {
    await using runner = await load({ maxQueueSize: 2, queuePolicy: "wait" });
    const ended: number[] = [];
    const x = new Float32Array(1);
    const all = Array.from({ length: 20 }, (_, k) => {
      x[0] = k;
      return runner.executeAsync({ x, steps: BigInt64Array.of(2n) }).then(({ y }) => ended.push(y.data[0]!));
    });
    x[0] = -1;
    expect(runner.stats()).toMatchObject({ pending: 20, rejected: 0 });
    expect(runner.stats().queued + runner.stats().running).toBeLessThanOrEqual(2);
    await Promise.all(all);
    expect(ended).toEqual(Array.from({ length: 20 }, (_, k) => k));
  });

  test("whose waiting requests are given up, or closed, forgets them", async () => {
    const before = alive();
    const runner = await load({ maxQueueSize: 1, queuePolicy: "wait" });
    const controller = new AbortController();
    const running = outcome(runner.executeAsync(steps(0, endless), { signal: controller.signal }));
    const late = outcome(runner.executeAsync(steps(1, 0), { deadlineMs: 5 }));
    const waiting = outcome(runner.executeAsync(steps(2, 0)));
    expect(await late).toEqual(failure("deadline"));
    expect(runner.stats()).toMatchObject({ expired: 1, pending: 2 });
    controller.abort("enough");
    expect(await running).toBe("enough");
    expect(await waiting).toMatchObject({ y: { shape: [1] } });
    const last = [3, 4, 5].map((k) => outcome(runner.executeAsync(steps(k, endless))));
    await runner.close({ mode: "reject" });
    for (const error of await Promise.all(last)) expect(error).toEqual(failure("closed"));
    expect(alive()).toEqual(before);
  });

  test("answers what waits for a place before it is closed", async () => {
    const runner = await load({ maxQueueSize: 1, queuePolicy: "wait" });
    const all = [1, 2, 3, 4].map((k) => runner.executeAsync(steps(k, 2)));
    await runner.close();
    expect((await Promise.all(all)).map(({ y }) => y.data[0])).toEqual([1, 2, 3, 4]);
  });

  test.each(["block", 1, null])("with policy %p is refused", async (queuePolicy) => {
    await expect(load({ queuePolicy: queuePolicy as never })).rejects.toEqual(
      failure("invalid_argument", "queuePolicy"),
    );
  });
});

describe("close", () => {
  test("drains by default", async () => {
    const runner = await load();
    const all = [1, 2, 3].map((k) => runner.executeAsync(steps(k, 3)));
    await runner.close();
    expect((await Promise.all(all)).map(({ y }) => y.data[0])).toEqual([1, 2, 3]);
  });

  test("rejects what waits and what runs when asked to, and leaves nothing", async () => {
    const before = alive();
    const runner = await load();
    const all = [1, 2, 3].map((k) => outcome(runner.executeAsync(steps(k, endless))));
    await Bun.sleep(5);
    await runner.close({ mode: "reject" });
    for (const error of await Promise.all(all)) expect(error).toEqual(failure("closed", "executeAsync"));
    expect(alive()).toEqual(before);
  });

  test("may reject what an earlier close waits for", async () => {
    const runner = await load();
    const running = outcome(runner.executeAsync(steps(1, endless)));
    const draining = runner.close();
    await runner.close({ mode: "reject" });
    await draining;
    expect(await running).toEqual(failure("closed"));
  });

  test("of another mode is refused", async () => {
    await using runner = await load();
    expect(() => runner.close({ mode: "now" as never })).toThrow(failure("invalid_argument", "mode") as Error);
  });
});

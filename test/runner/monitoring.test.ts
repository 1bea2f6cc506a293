import { describe, expect, test } from "bun:test";
import { ModelRunner, type RequestTimes } from "../../src/runner/index.ts";
import { failure, model } from "./fixture.ts";
import { models } from "./models.ts";

const load = (config: object = {}) => ModelRunner.load(model("slow-steps.onnx"), config);
const steps = (count: number) => ({ x: new Float32Array(1), steps: BigInt64Array.of(BigInt(count)) });
const parts = (times: RequestTimes) =>
  times.readPreparationDurationUs + times.readQueueDurationUs + times.computationDurationUs;
const all = (value: number): RequestTimes => ({
  requestDurationUs: value,
  readPreparationDurationUs: value,
  readQueueDurationUs: value,
  computationDurationUs: value,
});

test("a request's time is the sum of its phases: preparation, queue, computation", async () => {
  await using runner = await load();
  await Promise.all([1, 2, 3].map(() => runner.executeAsync(steps(20))));
  for (const cur of [0, 1, 2, -1]) {
    const times = runner.getTimeTrace({ cur });
    expect(times.computationDurationUs).toBeGreaterThan(0);
    expect(Math.abs(parts(times) - times.requestDurationUs)).toBeLessThan(0.01 * times.requestDurationUs + 1);
  }
  const [first, , third] = [0, 1, 2].map((cur) => runner.getTimeTrace({ cur }));
  // The third waits for the first two.
  expect(third!.readQueueDurationUs).toBeGreaterThan(first!.computationDurationUs);
  expect(third).toEqual(runner.getTimeTrace());
});

test("the preparation is what the call does before the request is queued", async () => {
  await using runner = await ModelRunner.load(models.long);
  // The first request makes its memory.
  for (let k = 0; k < 2; k++) runner.execute({ x: new Float32Array(10_000) });
  const small = runner.getTimeTrace().readPreparationDurationUs;
  runner.execute({ x: new Float32Array(4_000_000) });
  expect(runner.getTimeTrace().readPreparationDurationUs).toBeGreaterThan(small);
});

test("blocking and asynchronous requests are counted for the replica that ran them", async () => {
  await using runner = await load({ replicationFactor: 2 });
  runner.execute(steps(0));
  await runner.executeAsync(steps(0), { replicaId: 1 });
  await runner.executeAsync(steps(0), { replicaId: 1 });
  expect(runner.getMonitoringStatisticsTotalCount()).toEqual(all(1));
  expect(runner.getMonitoringStatisticsTotalCount({ replicaId: 1 })).toEqual(all(2));
});

test("percentiles and the mean agree with the traces", async () => {
  await using runner = await load();
  for (let k = 0; k < 100; k++) runner.execute(steps(k % 4));
  const traces = Array.from({ length: 100 }, (_, cur) => runner.getTimeTrace({ cur }).computationDurationUs);
  traces.sort((a, b) => a - b);
  const mean = traces.reduce((sum, us) => sum + us, 0) / traces.length;
  expect(runner.getMonitoringStatisticsMean().computationDurationUs).toBeCloseTo(mean, 0);
  for (const quantile of [0, 0.1, 0.5, 0.9, 0.99, 1]) {
    const exact = traces[Math.max(0, Math.ceil(quantile * 100) - 1)]!;
    const { computationDurationUs } = runner.getMonitoringStatisticsPercentile({ quantile });
    expect(Math.abs(computationDurationUs - exact)).toBeLessThanOrEqual(0.017 * exact + 0.001);
  }
  expect(runner.getMonitoringStatisticsPercentile()).toEqual(
    runner.getMonitoringStatisticsPercentile({ quantile: 0.9 }),
  );
});

test("before the first request there are no times", async () => {
  await using runner = await load();
  expect(() => runner.getTimeTrace()).toThrow(failure("out_of_bounds", "-1 among 0") as Error);
  expect(runner.getMonitoringStatisticsPercentile()).toEqual(all(0));
  expect(runner.getMonitoringStatisticsMean()).toEqual(all(0));
  expect(runner.getMonitoringStatisticsTotalCount()).toEqual(all(0));
});

describe("requestTracepointsBufferSize", () => {
  const kept = async (config: object, requests: number) => {
    await using runner = await ModelRunner.load(models.rows, config);
    for (let k = 0; k < requests; k++) runner.execute({ x: new Float32Array(4) });
    let count = 0;
    while (reachable(runner, count)) count++;
    expect(reachable(runner, -count)).toBe(true);
    expect(reachable(runner, -count - 1)).toBe(false);
    return count;
  };
  const reachable = (runner: ModelRunner, cur: number) => {
    try {
      return runner.getTimeTrace({ cur }).requestDurationUs > 0;
    } catch {
      return false;
    }
  };

  test("is 1000 by default", async () => expect(await kept({}, 1100)).toBe(1000));
  test("limits what is remembered", async () => {
    expect(await kept({ requestTracepointsBufferSize: 7 }, 20)).toBe(7);
  });
  test("of 0 remembers everything", async () => {
    expect(await kept({ requestTracepointsBufferSize: 0 }, 1500)).toBe(1500);
  });
  test.each([-1, 0.5, "7"])("of %p is refused", async (requestTracepointsBufferSize) => {
    const refused = ModelRunner.load(models.rows, {
      requestTracepointsBufferSize: requestTracepointsBufferSize as number,
    });
    await expect(refused).rejects.toEqual(failure("invalid_argument", "requestTracepointsBufferSize"));
  });
});

test.each([-0.1, 1.1, Number.NaN, "0.5"])("a quantile of %p is refused", async (quantile) => {
  await using runner = await ModelRunner.load(models.rows);
  const ask = () => runner.getMonitoringStatisticsPercentile({ quantile: quantile as number });
  expect(ask).toThrow(failure("invalid_argument", "quantile") as Error);
});

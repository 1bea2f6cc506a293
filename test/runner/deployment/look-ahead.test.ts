import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ModelRunner, type ModelRunnerConfig } from "../../../src/runner/index.ts";
import { type Simulation, simulate } from "../../../src/testing/index.ts";
import { compile, product, rows } from "./popef-models.ts";

let sim: Simulation;
beforeEach(() => {
  sim = simulate({ ipus: 1 });
});
afterEach(() => {
  expect(sim.leaks()).toEqual([]);
  sim.close();
});

/** A program of several iterations of four rows each, whose inputs may be prefetched. */
async function load(config: ModelRunnerConfig, deviceIterations = 2): Promise<ModelRunner> {
  using model = await compile({ deviceIterations });
  return await ModelRunner.load(model, config);
}

const outcome = (request: Promise<unknown>, ms = 150) =>
  Promise.race([request.then(() => "answered"), Bun.sleep(ms).then(() => "stuck")]);

describe("a request that is shorter than the iterations of the program", () => {
  test("is stuck behind the look-ahead where the device waits for ever", async () => {
    await using runner = await load({ timeoutNs: 0 });
    const stuck = runner.executeAsync({ x: rows(4) });
    expect(await outcome(stuck)).toBe("stuck");
    await runner.executeAsync({ x: rows(4, 1) });
    expect((await stuck)["y"]!.data).toEqual(product(rows(4)));
  });

  test("is answered when timeoutNs is over, which gives the other iterations zeros", async () => {
    await using runner = await load({ timeoutNs: 2e7 });
    const request = runner.executeAsync({ x: rows(4) });
    expect(await outcome(request, 20_000)).toBe("answered");
    expect((await request)["y"]!.data).toEqual(product(rows(4)));
    // The other iteration may still be under way.
    while (runner.stats().batches < 2) await Bun.sleep(1);
    expect(runner.stats()).toMatchObject({ batches: 2, rows: 4, paddingRows: 4 });
  });

  test('is answered at once with maxLookAhead "0"', async () => {
    await using runner = await load({ timeoutNs: 0, maxLookAhead: "0" });
    const first = runner.executeAsync({ x: rows(4) });
    expect(await outcome(first)).toBe("answered");
    expect((await first)["y"]!.data).toEqual(product(rows(4)));
    expect(await outcome(runner.executeAsync({ x: rows(4, 1) }))).toBe("answered");
    expect(await outcome(runner.executeAsync({ x: rows(4, 2) }))).toBe("answered");
  });

  test("is answered when enough requests of executeAsync follow", async () => {
    await using runner = await load({ timeoutNs: 0 }, 3);
    const all = [0, 1, 2].map((first) => runner.executeAsync({ x: rows(4, first) }));
    for (const [first, { y }] of (await Promise.all(all)).entries()) expect(y!.data).toEqual(product(rows(4, first)));
    expect(runner.stats()).toMatchObject({ batches: 3, paddingRows: 0 });
  });

  test("that is long enough for them all is answered in one run", async () => {
    await using runner = await load({ timeoutNs: 0 });
    expect(await outcome(runner.executeAsync({ x: rows(8) }))).toBe("answered");
  });
});

describe("flushOnWaitingOutputs", () => {
  const config = { timeoutNs: 1e6, maxLookAhead: "0" } as const;

  test("is off by default: a device that has iterations left gets zeros when timeoutNs is over", async () => {
    await using runner = await load(config);
    await runner.executeAsync({ x: rows(4) });
    await Bun.sleep(50);
    expect(runner.stats()).toMatchObject({ batches: 2, paddingRows: 4 });
  });

  test("lets it wait for requests as long as nobody waits for outputs", async () => {
    await using runner = await load({ ...config, flushOnWaitingOutputs: true });
    await runner.executeAsync({ x: rows(4) });
    await Bun.sleep(50);
    expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 0 });
    expect((await runner.executeAsync({ x: rows(4, 1) }))["y"]!.data).toEqual(product(rows(4, 1)));
    expect(runner.stats()).toMatchObject({ batches: 2, paddingRows: 0 });
  });

  test("gives it zeros while somebody does", async () => {
    await using runner = await load({ timeoutNs: 1e6, flushOnWaitingOutputs: true });
    expect((await runner.executeAsync({ x: rows(4) }))["y"]!.data).toEqual(product(rows(4)));
  });
});

test("nothing runs while nobody asks", async () => {
  await using runner = await load({ timeoutNs: 1e6 }, 1);
  await runner.executeAsync({ x: rows(4) });
  await Bun.sleep(50);
  expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 0, running: 0 });
});

test("closing ends a device that waits for rows", async () => {
  const runner = await load({ timeoutNs: 0, maxLookAhead: "0" });
  await runner.executeAsync({ x: rows(4) });
  await runner.close();
  const other = await load({ timeoutNs: 0 });
  const stuck = other.executeAsync({ x: rows(4) });
  await Bun.sleep(20);
  const closing = other.close({ mode: "reject" });
  await expect(stuck).rejects.toMatchObject({ code: "closed" });
  await closing;
});

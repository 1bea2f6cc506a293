import { describe, expect, test } from "bun:test";
import { ModelRunner } from "../../../src/runner/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { failure } from "../fixture.ts";
import { compile, popefFile, product, rows } from "./popef-models.ts";

const forms = [
  ["the processor", 0],
  ["a simulated IPU", 1],
] as const;

/** Runs `body` with so many simulated IPUs. */
async function on(ipus: number, body: () => Promise<void>): Promise<void> {
  if (ipus === 0) return await body();
  using sim = simulate({ ipus });
  await body();
  expect(sim.leaks()).toEqual([]);
}

describe.each(forms)("a model compiled for four rows, on %s", (_name, ipus) => {
  test("without batchingDim takes four rows or a multiple, and nothing else", () =>
    on(ipus, async () => {
      await using runner = await ModelRunner.load(await popefFile());
      for (const count of [4, 8, 40]) {
        const { y } = await runner.executeAsync({ x: rows(count) });
        expect([y!.shape, y!.data]).toEqual([[count, 8], product(rows(count))]);
      }
      await expect(runner.executeAsync({ x: rows(3) })).rejects.toEqual(failure("wrong_shape", "3 rows", "4"));
      await expect(runner.executeAsync({ x: new Float32Array(7) })).rejects.toEqual(failure("wrong_shape"));
      expect(runner.execute({ x: rows(8) })["y"]!.data).toEqual(product(rows(8)));
    }));

  test("with batchingDim takes any number of rows, of several callers together, and gives each its own", () =>
    on(ipus, async () => {
      // Longer than it takes to ask for all: only the last batch is completed with zeros.
      await using runner = await ModelRunner.load(await popefFile(), { batchingDim: 0, timeoutNs: 2e8 });
      const counts = [1, 3, 4, 2, 7, 1, 9];
      const all = counts.map((count, index) => runner.executeAsync({ x: rows(count, index) }));
      for (const [index, { y }] of (await Promise.all(all)).entries())
        expect(y!.data).toEqual(product(rows(counts[index]!, index)));
      expect(runner.stats()).toMatchObject({ rows: 27, batches: 7, paddingRows: 1 });
    }));

  test("waits timeoutNs for the rows that lack, 5 s unless told otherwise", () =>
    on(ipus, async () => {
      await using runner = await ModelRunner.load(await popefFile(), { batchingDim: 0 });
      expect(runner.config().timeoutNs).toBe(5e9);
      const first = runner.executeAsync({ x: rows(1) });
      expect(await Promise.race([first.then(() => "answered"), Bun.sleep(100).then(() => "waiting")])).toBe("waiting");
      await runner.executeAsync({ x: rows(3) });
      expect((await first)["y"]!.data).toEqual(product(rows(1)));
      expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 0 });
    }));

  test("waits batchSizeTimeoutNs instead where isBatchSizeTimeoutEnabled says so", () =>
    on(ipus, async () => {
      const config = { batchingDim: 0, timeoutNs: 0, isBatchSizeTimeoutEnabled: true, batchSizeTimeoutNs: 1e6 };
      await using runner = await ModelRunner.load(await popefFile(), config);
      expect((await runner.executeAsync({ x: rows(1) }))["y"]!.data).toEqual(product(rows(1)));
      expect(runner.stats()).toMatchObject({ batches: 1, paddingRows: 3 });
    }));

  test("asks flushCallback for what lacks, by the name of the input", () =>
    on(ipus, async () => {
      const asked: string[] = [];
      const given = new Float32Array(24);
      await using runner = await ModelRunner.load(await popefFile(), {
        batchingDim: 0,
        timeoutNs: 1e6,
        flushCallback: (tensorId) => {
          asked.push(tensorId);
          return { inputs: { x: rows(3, 5) }, outputs: { y: given } };
        },
      });
      expect((await runner.executeAsync({ x: rows(1) }))["y"]!.data).toEqual(product(rows(1)));
      await runner.close();
      expect(asked).toEqual(["x"]);
      expect(given).toEqual(product(rows(3, 5)));
    }));

  test("is warmed up with whole batches, which wait for nothing", () =>
    on(ipus, async () => {
      for (const batchingDim of [undefined, 0]) {
        await using runner = await ModelRunner.load(await popefFile(), { batchingDim, timeoutNs: 0 });
        await runner.warmup({ requests: 2 });
        expect(runner.stats()).toMatchObject({ completed: 2, rows: 8, batches: 2, paddingRows: 0 });
      }
    }));

  test("writes into memory of the caller's, also in parts", () =>
    on(ipus, async () => {
      await using runner = await ModelRunner.load(await popefFile(), { batchingDim: 0, timeoutNs: 1e6 });
      const y = new Float32Array(10 * 8);
      await runner.executeAsync({ x: rows(10) }, { outputs: { y } });
      expect(y).toEqual(product(rows(10)));
    }));

  test("runs requests of a caller who gave up to their end, and the others undisturbed", () =>
    on(ipus, async () => {
      await using runner = await ModelRunner.load(await popefFile(), { batchingDim: 0, timeoutNs: 0 });
      const controller = new AbortController();
      const given = runner.executeAsync({ x: rows(2) }, { signal: controller.signal });
      await Bun.sleep(20);
      controller.abort(new Error("no more"));
      await expect(given).rejects.toThrow("no more");
      const others = [0, 1].map((first) => runner.executeAsync({ x: rows(2, first) }));
      for (const [first, { y }] of (await Promise.all(others)).entries())
        expect(y!.data).toEqual(product(rows(2, first)));
    }));
});

test.each([1, 2, 3])(
  "an executable of two replicas takes batches for both, with %d device iterations",
  async (iterations) => {
    using sim = simulate({ ipus: 2 });
    {
      using model = await compile({ replicationFactor: 2, deviceIterations: iterations });
      await using runner = await ModelRunner.load(model, { batchingDim: 0, timeoutNs: 1e6 });
      expect(runner.getExecuteInputs()[0]!.shape).toEqual([8, 4]);
      const counts = [1, 8, 5, 17];
      const all = counts.map((count, index) => runner.executeAsync({ x: rows(count, index) }));
      for (const [index, { y }] of (await Promise.all(all)).entries())
        expect(y!.data).toEqual(product(rows(counts[index]!, index)));
    }
    expect(sim.leaks()).toEqual([]);
  },
);

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ModelRunner, type Outputs } from "../../src/runner/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { alive, failure, grown, model } from "./fixture.ts";
import { busyRows, models } from "./models.ts";

const ports = { expect: { inputs: { x: "float32" }, outputs: { y: "float32" } } } as const;
const merging = { ...ports, batchingDim: 0 } as const;
const filled = (count: number, value: number) => new Float32Array(count).fill(value);
/** A request that takes long enough for others to queue behind it. */
const busy = () => ({ x: filled(busyRows * 4, 0) });

test("requests that wait run together, and each gets its own rows", async () => {
  await using runner = await ModelRunner.load(models.heavy, merging);
  const first = runner.executeAsync(busy());
  const answers = await Promise.all(Array.from({ length: 40 }, (_, k) => runner.executeAsync({ x: filled(4, k) })));
  for (const [k, { y }] of answers.entries()) {
    expect(y.shape).toEqual([1, 4]);
    expect(y.data).toEqual(filled(4, 3 * k));
  }
  await first;
  expect(runner.stats()).toMatchObject({ completed: 41, rows: busyRows + 40, batches: 2, paddingRows: 0 });
});

test("without batchingDim every request runs by itself", async () => {
  await using runner = await ModelRunner.load(models.heavy, ports);
  const first = runner.executeAsync(busy());
  await Promise.all(Array.from({ length: 10 }, (_, k) => runner.executeAsync({ x: filled(4, k) })));
  await first;
  expect(runner.stats()).toMatchObject({ rows: 11, batches: 11 });
});

test("a batch has no more rows than maxBatchSize, and a request is never divided", async () => {
  await using runner = await ModelRunner.load(models.heavy, { ...merging, maxBatchSize: 8 });
  const first = runner.executeAsync(busy());
  // 3+3, 3+3, 3+5, 9, 1
  const sizes = [3, 3, 3, 3, 3, 5, 9, 1];
  const answers = await Promise.all(sizes.map((rows, k) => runner.executeAsync({ x: filled(4 * rows, k) })));
  for (const [k, { y }] of answers.entries()) {
    expect(y.shape).toEqual([sizes[k]!, 4]);
    expect(y.data).toEqual(filled(4 * sizes[k]!, 3 * k));
  }
  await first;
  expect(runner.stats().batches).toBe(6);
});

test("an idle replica starts at once: nobody waits for company", async () => {
  await using runner = await ModelRunner.load(models.rows, merging);
  for (let k = 0; k < 5; k++) expect((await runner.executeAsync({ x: filled(4, k) })).y.data).toEqual(filled(4, 3 * k));
  expect(runner.stats().batches).toBe(5);
});

test("rows may lie along an inner axis", async () => {
  await using runner = await ModelRunner.load(models.columns, { ...ports, batchingDim: 1 });
  const widths = [1, 2, 7, 1, 30, 3];
  let rounds = 0;
  // Until some were merged, which needs a replica that is busy when they come.
  for (let merged = false; rounds < 20 || (!merged && rounds < 2000); rounds++) {
    const answers = await Promise.all(
      widths.map((width, k) =>
        runner.executeAsync({
          x: { data: Float32Array.from({ length: 3 * width }, (_, i) => 100 * k + i), shape: [3, width] },
        }),
      ),
    );
    for (const [k, { y }] of answers.entries()) {
      expect(y.shape).toEqual([3, widths[k]!]);
      expect(y.data).toEqual(Float32Array.from({ length: 3 * widths[k]! }, (_, i) => 3 * (100 * k + i)));
    }
    merged = runner.stats().batches < (rounds + 1) * widths.length;
  }
  const { rows, batches } = runner.stats();
  expect(rows).toBe(rounds * 44);
  expect(batches).toBeLessThan(rounds * widths.length);
});

test("requests merge only when their other open axes agree, and keep their order", async () => {
  await using runner = await ModelRunner.load(model("dynamic.onnx"), { batchingDim: 0 });
  const ended: number[] = [];
  const widths = [5, 5, 9, 9, 9, 5, 2];
  for (let round = 0; round < 20; round++) {
    ended.length = 0;
    await Promise.all(
      widths.map(async (width, k) => {
        const { doubled, row_sum } = await runner.executeAsync({
          x: { data: filled(2 * width, k), shape: [2, width] },
        });
        ended.push(k);
        expect(doubled!.shape).toEqual([2, width]);
        expect(doubled!.data).toEqual(filled(2 * width, 2 * k));
        expect(row_sum!.data).toEqual(filled(2, width * k));
      }),
    );
    expect(ended).toEqual([0, 1, 2, 3, 4, 5, 6]);
  }
  expect(runner.stats().rows).toBe(20 * 14);
});

test("several inputs and outputs keep together", async () => {
  await using runner = await ModelRunner.load(models.pair, { batchingDim: 0 });
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 30 }, async (_, k) => {
        const rows = 1 + (k % 4);
        const { sum, difference } = await runner.executeAsync({
          a: filled(2 * rows, k),
          b: filled(2 * rows, 1000 * k),
        });
        expect(sum!.data).toEqual(filled(2 * rows, 1001 * k));
        expect(difference!.data).toEqual(filled(2 * rows, -999 * k));
      }),
    );
  }
});

test("a caller's bad input fails that caller alone", async () => {
  await using runner = await ModelRunner.load(models.lookup, { batchingDim: 0 });
  for (let round = 0; round < 20; round++) {
    const indices = [0n, 1n, 99n, 2n, 3n, -50n, 1n];
    const outcomes = await Promise.allSettled(indices.map((i) => runner.executeAsync({ index: BigInt64Array.of(i) })));
    for (const [k, outcome] of outcomes.entries()) {
      const index = Number(indices[k]!);
      if (index < 0 || index > 3)
        expect(outcome).toMatchObject({ status: "rejected", reason: failure("run_failed", "Gather") });
      else
        expect((outcome as PromiseFulfilledResult<Outputs>).value["y"]!.data).toEqual(
          Float32Array.of(index * 10, index * 10 + 1),
        );
    }
  }
});

test("native memory, caller-owned outputs and large rows go through batches as well", async () => {
  const before = alive();
  {
    await using runner = await ModelRunner.load(models.long, merging);
    using memory = new TensorMemory(40_000);
    const x = memory.getView().as("float32");
    x.fill(7);
    using into = new TensorMemory(40_000);
    const array = new Float32Array(20_000);
    for (let round = 0; round < 5; round++) {
      const [first, second, third, fourth] = await Promise.all([
        runner.executeAsync({ x: filled(10_000, 1) }),
        runner.executeAsync({ x }),
        runner.executeAsync({ x: filled(10_000, 2) }, { outputs: { y: into } }),
        runner.executeAsync({ x: filled(20_000, 3) }, { outputs: { y: array } }),
      ]);
      expect(new Set(first.y.data)).toEqual(new Set([3]));
      expect(new Set(second.y.data)).toEqual(new Set([21]));
      expect(third.y.data.buffer).toBe(into.getView().as("float32").buffer);
      expect(new Set(into.getView().as("float32"))).toEqual(new Set([6]));
      expect(fourth.y.data.buffer).toBe(array.buffer);
      expect(new Set(array)).toEqual(new Set([9]));
    }
    expect(runner.stats().bytesReferenced).toBe(5 * 40_000);
  }
  expect(await grown(before)).toEqual([]);
});

test("any mix of rows, blocking calls and given-up requests is answered right", async () => {
  await using runner = await ModelRunner.load(models.rows, { ...merging, maxBatchSize: 16 });
  const call = fc.record({
    rows: fc.integer({ min: 0, max: 90 }),
    how: fc.constantFrom("async", "blocking", "abort", "late abort"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 40 }), async (calls) => {
      await Promise.all(
        calls.map(async ({ rows, how }, k) => {
          const x = filled(4 * rows, k + 1);
          if (how === "blocking") return expect(runner.execute({ x }).y.data).toEqual(filled(4 * rows, 3 * (k + 1)));
          const controller = new AbortController();
          const running = runner.executeAsync({ x }, { signal: controller.signal });
          if (how === "abort") controller.abort("no");
          if (how === "late abort") queueMicrotask(() => controller.abort("no"));
          const outcome = await running.then(({ y }) => y.data).catch((reason: unknown) => reason);
          if (outcome !== "no") expect(outcome).toEqual(filled(4 * rows, 3 * (k + 1)));
        }),
      );
    }),
    { numRuns: 50 },
  );
  // A request that was given up while it ran ends with its run.
  while (runner.stats().pending > 0) await Bun.sleep(1);
  expect(runner.stats()).toMatchObject({ queued: 0, running: 0 });
});

describe("batchingDim", () => {
  const cases = [
    ["of an axis that an input lacks", models.shared, 0, ['"other"', "0 axes"]],
    ["of an axis that no input has", models.rows, 2, ['"x"', "2 axes"]],
    ["of an axis that is open in one and fixed in the other", model("dynamic.onnx"), 1, ['"row_sum"']],
    ["of a model with a fixed axis of another size", models.pair, 5, ['"a"']],
  ] as const;
  test.each(cases)("%s is refused", async (_, path, batchingDim, words) => {
    await expect(ModelRunner.load(path, { batchingDim })).rejects.toEqual(failure("wrong_batching", ...words));
  });

  test("of 0xFFFFFFFF means none", async () => {
    await using runner = await ModelRunner.load(models.shared, { batchingDim: 0xffff_ffff });
    expect(runner.config().batchingDim).toBeUndefined();
    expect(runner.execute({ x: filled(8, 1), other: filled(1, 2) })["y"]!.data).toEqual(filled(8, 3));
  });

  test.each([-1, 64, 0.5, "0"])("of %p is refused", async (batchingDim) => {
    const refused = ModelRunner.load(models.rows, { batchingDim: batchingDim as number });
    await expect(refused).rejects.toEqual(failure("invalid_argument", "batchingDim"));
  });
});

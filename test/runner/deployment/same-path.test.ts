import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DeviceManager } from "../../../src/device/index.ts";
import { ModelRunner, type ModelRunnerConfig } from "../../../src/runner/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { failure } from "../fixture.ts";
import { popefFile, product, rows, weighted } from "./popef-models.ts";

interface Way {
  readonly ipus: number;
  readonly source: () => Promise<string>;
  readonly named?: boolean;
}

const ways: readonly [string, Way][] = [
  ["an ONNX model on the processor", { ipus: 0, source: async () => weighted }],
  ["a PopEF model on the processor", { ipus: 0, source: () => popefFile() }],
  ["a PopEF model on a simulated IPU", { ipus: 2, source: () => popefFile() }],
  [
    "a PopEF model of several iterations on a simulated IPU",
    { ipus: 2, source: () => popefFile({ deviceIterations: 3 }) },
  ],
  ["an ONNX model on a simulated IPU", { ipus: 2, source: async () => weighted, named: true }],
];

/** A runner of rows that merge. */
async function use(way: Way, config: ModelRunnerConfig, body: (runner: ModelRunner) => Promise<void>): Promise<void> {
  using sim = way.ipus > 0 ? simulate({ ipus: way.ipus }) : undefined;
  using device = way.named ? new DeviceManager().getDevice(1) : undefined;
  const replicaToDevice = device && { 0: device };
  {
    const merging = { batchingDim: 0, maxBatchSize: 4, timeoutNs: 1e6, replicaToDevice };
    await using runner = await ModelRunner.load(await way.source(), { ...merging, ...config });
    await body(runner);
  }
  expect(sim?.leaks() ?? []).toEqual(device ? ["1 attached device"] : []);
}

describe.each(ways)("%s", (_name, way) => {
  test("answers requests of any rows, blocking and not, each with its own", () =>
    use(way, {}, async (runner) => {
      const kinds = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(kinds, async (requests) => {
          const answers = requests.map(([count, blocking], first) => {
            const x = rows(count, first);
            return blocking ? runner.execute({ x }) : runner.executeAsync({ x });
          });
          for (const [first, { y }] of (await Promise.all(answers)).entries()) {
            const [count] = requests[first]!;
            expect([y!.shape, y!.data]).toEqual([[count, 8], product(rows(count, first))]);
          }
        }),
        { numRuns: 10 },
      );
    }));

  test("answers requests of one replica in the order in which they came", () =>
    use(way, {}, async (runner) => {
      const order: number[] = [];
      const all = Array.from({ length: 20 }, (_, index) =>
        runner.executeAsync({ x: rows((index % 5) + 1) }, { replicaId: 0 }).then(() => order.push(index)),
      );
      await Promise.all(all);
      expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
    }));

  test("runs rows of several callers together", () =>
    use(way, { timeoutNs: 0, maxLookAhead: "0" }, async (runner) => {
      await Promise.all([0, 1, 2, 3].map((first) => runner.executeAsync({ x: rows(1, first) })));
      expect(runner.stats().batches).toBeLessThan(4);
    }));

  test("refuses what does not fit, with the same errors", () =>
    use(way, {}, async (runner) => {
      for (const [inputs, code, words] of [
        [{}, "missing_input", '"x"'],
        [{ x: rows(1), z: rows(1) }, "unknown_input", '"z"'],
        [{ x: new Int32Array(4) }, "wrong_dtype", "float32"],
        [{ x: new Float32Array(5) }, "wrong_shape", ""],
        [{ x: { data: new Float32Array(5), shape: [1, 5] } }, "wrong_shape", "[1,5]"],
      ] as const) {
        await expect(runner.executeAsync(inputs)).rejects.toEqual(failure(code, words));
      }
      expect((await runner.executeAsync({ x: rows(1) }))["y"]!.data).toEqual(product(rows(1)));
    }));

  test("reads and writes memory of the caller's in place", () =>
    use(way, {}, async (runner) => {
      using x = new TensorMemory(6 * 16);
      using y = new TensorMemory(6 * 32);
      x.getView().as("float32").set(rows(6));
      await runner.executeAsync({ x: { data: x, shape: [6, 4] } }, { outputs: { y: { data: y, shape: [6, 8] } } });
      expect(new Float32Array(y.getView().as("float32"))).toEqual(product(rows(6)));
      expect(runner.stats()).toMatchObject({ bytesReferenced: 96, bytesCopied: 0 });
    }));

  test("drains when it is closed, and then says so", () =>
    use(way, {}, async (runner) => {
      const all = [1, 2, 3].map((count) => runner.executeAsync({ x: rows(count) }));
      await runner.close();
      for (const [index, { y }] of (await Promise.all(all)).entries())
        expect(y!.data).toEqual(product(rows(index + 1)));
      await expect(runner.executeAsync({ x: rows(1) })).rejects.toEqual(failure("closed"));
    }));

  test("takes requests of several replicas", () =>
    use(way, way.named ? {} : { replicationFactor: 2 }, async (runner) => {
      const all = Array.from({ length: 12 }, (_, first) => runner.executeAsync({ x: rows(4, first) }));
      for (const [first, { y }] of (await Promise.all(all)).entries()) expect(y!.data).toEqual(product(rows(4, first)));
    }));
});

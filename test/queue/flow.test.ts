import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RingMemoryPool } from "../../src/queue/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { failure } from "../runner/fixture.ts";
import { numbers, Scene, twoPorts, until } from "./scene.ts";

describe("requests of any number of samples", () => {
  test("are regrouped into batches, and each gets its own rows", async () => {
    await using scene = new Scene();
    scene.start();
    const sizes = [1, 3, 9, 2, 1];
    let sent = 0;
    const results = sizes.map((samples) => {
      scene.input().enqueue(numbers(samples * 2, sent));
      sent += samples * 2;
      return scene.output().enqueueAsync(new Float32Array(samples * 2));
    });
    const rows = (await Promise.all(results)).flatMap((array) => [...array]);
    expect(rows).toEqual([...numbers(32)]);
  });

  test("get exactly their own rows, however inputs are split, from JavaScript's heap and from native memory", async () => {
    const request = fc.record({ samples: fc.integer({ min: 1, max: 11 }), native: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (requests, size, prefetch) => {
          // What is prefetched keeps its places: there must be more of them than the device reads ahead, one sample each at worst.
          const ringSizeMultiplier = prefetch ? size + 3 : size;
          await using scene = new Scene({ ports: twoPorts, ringSizeMultiplier, prefetch, iterations: 2 });
          scene.start();
          let first = 0;
          const results = requests.map(async ({ samples, native }) => {
            const [a, b] = [numbers(samples * 2, first), numbers(samples, -first)];
            first += samples * 2;
            using memory = new TensorMemory(a.byteLength);
            memory.getView().as("float32").set(a);
            const put = scene.input("a").enqueueAsync(native ? memory : a.slice());
            void scene.input("b").enqueueAsync(b.slice());
            const got = [
              scene.output("a").enqueueAsync(new Float32Array(a.length)),
              scene.output("b").enqueueAsync(new Float32Array(b.length)),
            ];
            await put;
            expect(await Promise.all(got)).toEqual([a, b]);
          });
          // The last batch is completed with zeros; twice, for the two iterations of a run.
          scene.queues.flushAll();
          scene.queues.flushAll();
          await Promise.all(results);
        },
      ),
      // A request that is never answered is told with its counterexample.
      { numRuns: 25, timeout: 10_000, endOnFailure: true },
    );
  }, 60_000);

  test("may share batches with others: nothing waits for a flush when the next request completes the batch", async () => {
    await using scene = new Scene();
    scene.start();
    scene.input().enqueue(numbers(2));
    const first = scene.output().enqueueAsync(new Float32Array(2));
    scene.input().enqueue(numbers(6, 2));
    scene.output().enqueue(new Float32Array(6));
    expect(await first).toEqual(numbers(2));
  });
});

describe("memory", () => {
  test("of JavaScript's heap may be changed as soon as enqueue returns", async () => {
    await using scene = new Scene();
    const data = numbers(8);
    scene.input().enqueue(data);
    data.fill(-1);
    scene.start();
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8));
  });

  test("that is native is read in place, and kept alive until it was consumed", async () => {
    await using scene = new Scene();
    const memory = new TensorMemory(32);
    const view = memory.getView().as("float32");
    scene.input().enqueue(memory);
    view.set(numbers(8, 5));
    memory.close();
    scene.start();
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8, 5));
  });

  test("that is native is written in place", async () => {
    await using scene = new Scene();
    scene.start();
    using memory = new TensorMemory(32);
    scene.input().enqueue(numbers(8));
    expect(await scene.output().enqueueAsync(memory)).toBe(memory);
    expect(memory.getConstView().as("float32")).toEqual(numbers(8));
  });

  test("of a pool goes in and out in turn", async () => {
    await using scene = new Scene();
    scene.start();
    using pool = new RingMemoryPool(32, 2);
    for (let round = 0; round < 6; round++) {
      const [from, to] = [pool.getMemoryBlob(), pool.getMemoryBlob()];
      from.as("float32").set(numbers(8, round));
      scene.input().enqueue(from);
      await scene.output().enqueueAsync(to);
      expect(to.as("float32")).toEqual(numbers(8, round));
    }
  });

  test("larger than what a queue keeps for copies is copied all the same", async () => {
    await using scene = new Scene({ ports: [{ name: "a", shape: [1, 5_000_000] }], ringSizeMultiplier: 1 });
    scene.start();
    for (let round = 0; round < 2; round++) {
      const data = numbers(5_000_000, round);
      scene.input().enqueue(data);
      const result = await scene.output().enqueueAsync(new Float32Array(5_000_000));
      expect(Buffer.compare(new Uint8Array(result.buffer), new Uint8Array(data.buffer))).toBe(0);
    }
  });

  test("an array that was moved away meanwhile is not written, and the promise says so", async () => {
    await using scene = new Scene();
    scene.start();
    const target = new Float32Array(8);
    const result = scene.output().enqueueAsync(target);
    structuredClone(target.buffer, { transfer: [target.buffer] });
    scene.input().enqueue(numbers(8));
    await expect(result).rejects.toEqual(failure("closed"));
  });
});

describe("callbacks", () => {
  test("tell when the device begins an entry, has consumed it, and has written one", async () => {
    await using scene = new Scene();
    const told: string[] = [];
    const callbacks = (name: string) => ({
      readStart: () => void told.push(`start ${name}`),
      readComplete: () => void told.push(`complete ${name}`),
    });
    scene.input().enqueue(numbers(2), callbacks("one"));
    scene.input().enqueue(numbers(6, 2), callbacks("two"));
    const output = scene.output().enqueueLock();
    output.data = new Float32Array(2);
    output.writeComplete = () => void told.push("written one");
    scene.output().enqueueComplete();
    scene.output().enqueue(new Float32Array(6), { writeComplete: () => void told.push("written two") });
    expect(told).toEqual([]);
    scene.start();
    await until(() => told.length === 6);
    expect(told).toEqual(["start one", "start two", "complete one", "complete two", "written one", "written two"]);
  });

  test("of an entry over several batches come with its first and its last", async () => {
    await using scene = new Scene();
    const told: string[] = [];
    const entry = scene.input().enqueueLock();
    entry.data = numbers(24);
    entry.readStart = () => void told.push("start");
    entry.readComplete = () => void told.push("complete");
    scene.input().enqueueComplete();
    scene.start();
    await scene.output().enqueueAsync(new Float32Array(24));
    expect(told).toEqual(["start", "complete"]);
  });

  test("run in a blocking run as well, and arrays are filled when it returns", async () => {
    await using scene = new Scene({ timeoutNs: 2e6, readTimeout: () => scene.queues.flushAll() });
    const told: string[] = [];
    const result = new Float32Array(6);
    scene.input().enqueue(numbers(6), { readStart: () => void told.push("start") });
    scene.output().enqueue(result, { writeComplete: () => void told.push("written") });
    scene.session.runMainPrograms();
    expect(told).toEqual(["start", "written"]);
    expect(result).toEqual(numbers(6));
  });

  test("may put more into the queues, also while an enqueue waits for room", async () => {
    await using scene = new Scene({ ringSizeMultiplier: 1 });
    let sent = 0;
    const received: number[] = [];
    const send = () => {
      if (sent === 80) return;
      const result = new Float32Array(2);
      scene.input().enqueue(numbers(2, sent++), { readComplete: send });
      scene.output().enqueue(result, { writeComplete: () => received.push(result[0]!) });
    };
    scene.start();
    while (sent < 80) send();
    await until(() => received.length === 80);
    // A request that a callback made while its maker's waited overtook it.
    expect(received.sort((one, other) => one - other)).toEqual([...numbers(80)]);
  });

  test("start again when a prefetched batch was dropped and is fetched once more", async () => {
    await using scene = new Scene({ ports: twoPorts });
    const told: string[] = [];
    const controller = new AbortController();
    const running = scene.start(controller.signal);
    scene.input("a").enqueue(numbers(8), {
      readStart: () => void told.push("start"),
      readComplete: () => void told.push("complete"),
    });
    await until(() => told.length > 0);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(told).toEqual(["start"]);
    scene.session.reload();
    scene.start();
    scene.input("b").enqueue(numbers(4));
    scene.output("b").enqueue(new Float32Array(4));
    expect(await scene.output("a").enqueueAsync(new Float32Array(8))).toEqual(numbers(8));
    expect(told).toEqual(["start", "start", "complete"]);
  });
});

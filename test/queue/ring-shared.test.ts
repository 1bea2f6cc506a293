import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import type { FastIOContext } from "../../src/fastio/index.ts";
import { SpscRingBuffer } from "../../src/queue/index.ts";
import { Place } from "../fastio/job.ts";

const program = join(import.meta.dir, "programs", "ring-process.ts");
const code = (name: string) => expect.objectContaining({ code: name });
const timeoutMs = 20_000;
const number = (slot: Uint8Array): Float64Array => new Float64Array(slot.buffer as ArrayBuffer, slot.byteOffset);

/** Another process at one end of the job's ring, killed with the block; `found` settles when it has done its part. */
function start(job: FastIOContext, role: string, task: "keep" | "end", count: number) {
  const found = Promise.withResolvers<number[]>();
  const child = Bun.spawn([process.execPath, program, job.name, job.dir, role, task, String(count)], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: { found: number[] }) => found.resolve(message.found),
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { found: found.promise, kill, [Symbol.asyncDispose]: kill };
}

function publish(job: FastIOContext, numBuffers = 8): SpscRingBuffer {
  return SpscRingBuffer.publish(job, "ring", { numBuffers, bufferSize: 8, label: "frames" });
}

async function put(ring: SpscRingBuffer, value: number): Promise<void> {
  number((await ring.writeLockAsync({ timeoutMs }))!)[0] = value;
  ring.writeComplete();
}

async function take(ring: SpscRingBuffer): Promise<number> {
  const value = number((await ring.readLockAsync({ timeoutMs }))!)[0]!;
  ring.readComplete();
  return value;
}

describe("a ring between processes", () => {
  test("is published and opened by its name, with what it was made with", () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job, 3);
    using end = SpscRingBuffer.open(job, "ring", "consumer");
    expect([end.numBuffers(), end.bufferSize, end.label()]).toEqual([3, 8, "frames"]);
    expect(ring.write(new Float64Array([2.5]))).toBe(true);
    expect(number(end.readLock()!)[0]).toBe(2.5);
    expect(() => SpscRingBuffer.open(job, "no ring", "consumer")).toThrow(code("not_found"));
    expect(() => publish(job)).toThrow(code("exists"));
    expect(() => ring.share()).toThrow(code("invalid_argument"));
  });

  test("is waited for by its name", async () => {
    using place = new Place();
    const job = place.open();
    const opening = SpscRingBuffer.openAsync(job, "ring", "consumer", { timeoutMs });
    using _ring = publish(job);
    using end = await opening;
    expect(end.label()).toBe("frames");
  });

  test("hands every message over, once and in order, in both directions of waiting", async () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job);
    await using consumer = start(job, "consumer", "end", 2_000);
    for (let i = 0; i < 2_000; i++) await put(ring, i);
    expect(await consumer.found).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
  });

  test("has one process at each end", async () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job);
    await using consumer = start(job, "consumer", "keep", 1);
    await put(ring, 1);
    await consumer.found;
    expect(() => ring.readLock()).toThrow(code("role_taken"));
    expect(() => SpscRingBuffer.open(job, "ring", "producer")).toThrow(code("role_taken"));
  });

  test("tells a reader that its producer was killed, after all that it had published", async () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job);
    await using producer = start(job, "producer", "keep", 5);
    await producer.found;
    expect(await take(ring)).toBe(0);
    await producer.kill();
    for (let i = 1; i < 5; i++) expect(await take(ring)).toBe(i);
    expect(await take(ring).catch((error) => error)).toEqual(code("peer_lost"));
    expect(() => ring.readLock({ timeoutMs })).toThrow(code("peer_lost"));
  });

  test("tells a writer that blocks that its consumer was killed", async () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job, 1);
    await using consumer = start(job, "consumer", "keep", 1);
    await put(ring, 1);
    await consumer.found;
    await consumer.kill();
    expect(() => ring.writeLock({ timeoutMs })).toThrow(code("peer_lost"));
  });

  test("gives a dead process's end to the next one, which reads again what was not completed", async () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job);
    await using first = start(job, "consumer", "keep", 3);
    for (let i = 0; i < 4; i++) await put(ring, i);
    await first.found;
    await first.kill();
    await using second = start(job, "consumer", "end", 4);
    expect(await second.found).toEqual([0, 1, 2, 3]);
  });

  test("tells that the other end was closed, and is used again after reset", async () => {
    using place = new Place();
    const job = place.open();
    using ring = publish(job, 1);
    SpscRingBuffer.open(job, "ring", "consumer").close();
    ring.write(new Float64Array([1]));
    expect(() => ring.writeLock({ timeoutMs })).toThrow(code("peer_lost"));
    ring.reset();
    expect(await ring.writeAsync(new Float64Array([2]))).toBe(true);
    expect(await ring.writeAsync(new Float64Array([3]), { timeoutMs: 20 }).catch((error) => error)).toEqual(
      code("deadline"),
    );
  });

  test("refuses memory that is no ring, and none of what lies in it makes it crash", () => {
    using place = new Place();
    const job = place.open();
    job.publishArray(new Uint8Array(100), "small");
    job.publishArray(new Uint8Array(10_000), "zeros");
    for (const name of ["small", "zeros"])
      expect(() => SpscRingBuffer.open(job, name, "consumer")).toThrow(code("corrupt"));

    const words = fc.array(fc.tuple(fc.nat(127), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), { maxLength: 4 });
    fc.assert(
      fc.property(words, fc.boolean(), (changes, before) => {
        using ring = SpscRingBuffer.publish(job, "ring", { numBuffers: 3, bufferSize: 8 });
        using memory = job.get("ring");
        const header = new BigUint64Array(memory.map().buffer, memory.map().byteOffset, 64);
        const change = () => {
          for (const [index, value] of changes) header[index % 64] = value;
        };
        const calls = [
          () => ring.tryReserve(8)?.fill(1),
          () => ring.commit(1),
          () => SpscRingBuffer.open(job, "ring", "consumer").close(),
          () => ring.tryClaim(8)?.slice(),
          () => ring.release(1),
          () => ring.getState(),
          () => ring.reset(),
        ];
        if (before) change();
        for (const call of calls) {
          try {
            call();
          } catch (error) {
            const known = ["corrupt", "wrong_version", "not_locked", "role_taken", "peer_lost"];
            expect(known).toContain((error as { code: string }).code);
          }
          change();
        }
        memory.free();
      }),
    );
  });
});

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { SpscRingBuffer } from "../../src/queue/index.ts";

const program = join(import.meta.dir, "programs", "ring-worker.ts");
const peerLost = expect.objectContaining({ code: "peer_lost" });

class Partner {
  readonly worker = new Worker(program);
  #next = Promise.withResolvers<unknown>();

  constructor() {
    this.worker.onmessage = ({ data }) => this.#next.resolve(data);
    this.worker.onerror = (event) => this.#next.reject(new Error(event.message));
  }

  /** Its next message: that it has begun, or what came of it. */
  tell(ring: SpscRingBuffer, what: string, count = 0): Promise<unknown> {
    this.#next = Promise.withResolvers();
    this.worker.postMessage({ token: ring.share(), what, count });
    return this.#next.promise;
  }

  terminate(): Promise<void> {
    return new Promise((resolve) => {
      this.worker.addEventListener("close", () => resolve());
      this.worker.terminate();
    });
  }
}

const make = (numBuffers: number) => new SpscRingBuffer({ numBuffers, bufferSize: 8, label: "frames" });
const number = (slot: Uint8Array): Float64Array => new Float64Array(slot.buffer as ArrayBuffer, slot.byteOffset);

describe("a ring between Workers", () => {
  test.each([1, 3, 64])("of %d buffers hands every message over, once and in order", async (numBuffers) => {
    using ring = make(numBuffers);
    const partner = new Partner();
    const count = 3_000;
    const told = partner.tell(ring, "consume", count);
    for (let i = 0; i < count; i++) {
      number((await ring.writeLockAsync())!)[0] = i;
      ring.writeComplete();
    }
    expect(await told).toEqual({ done: 0 });
    await partner.terminate();
  });

  test("wakes a thread that sleeps in its event loop", async () => {
    using ring = make(4);
    const partner = new Partner();
    const read = ring.readLockAsync({ timeoutMs: 20_000 });
    // By then this thread polls no longer.
    await Bun.sleep(20);
    await partner.tell(ring, "produce", 1);
    expect(number((await read)!)[0]).toBe(0);
    await partner.terminate();
  });

  test("lets a thread block in its reads and writes", async () => {
    using ring = make(2);
    const partner = new Partner();
    const told = partner.tell(ring, "produce", 2_000);
    for (let i = 0; i < 2_000; i++) {
      expect(number(ring.readLock()!)[0]).toBe(i);
      ring.readComplete();
    }
    expect(await told).toEqual({ done: undefined });
    await partner.terminate();
  });

  test.each(["wait", "waitAsync"])("lets a Worker be terminated in a %s, and tells the other end", async (what) => {
    using ring = make(1);
    const partner = new Partner();
    expect(await partner.tell(ring, what)).toBe("begun");
    expect(() => ring.readLock()).toThrow(expect.objectContaining({ code: "role_taken" }));
    await partner.terminate();
    for (let i = 0; i < 2; i++) {
      const failed = await ring.writeAsync(new Float64Array([i]), { timeoutMs: 20_000 }).catch((error) => error);
      if (i > 0) expect(failed).toEqual(peerLost);
    }
    expect(number(ring.readLock()!)[0]).toBe(0);
  });
});

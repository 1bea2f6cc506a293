import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RingRole, SpscRingBuffer } from "../../src/queue/index.ts";

const code = (name: string) => expect.objectContaining({ code: name });

function make(numBuffers = 4, bufferSize = 1): SpscRingBuffer {
  return new SpscRingBuffer({ numBuffers, bufferSize, label: "frames" });
}

/** Locks, fills and completes a slot. */
function put(ring: SpscRingBuffer, value: number): void {
  ring.writeLock()!.fill(value);
  ring.writeComplete();
}

function take(ring: SpscRingBuffer): number {
  const value = ring.readLock()![0]!;
  ring.readComplete();
  return value;
}

describe("a ring", () => {
  test("is made as the original's: number of buffers and label, and what they hold", () => {
    using ring = new SpscRingBuffer(3, "frames", { bufferSize: 8 });
    expect([ring.numBuffers(), ring.label(), ring.bufferSize]).toEqual([3, "frames", 8]);
  });

  test("has no label and no read timeout unless it is given them", () => {
    using ring = new SpscRingBuffer({ numBuffers: 1, bufferSize: 1, readTimeout: () => expect.unreachable() });
    expect(ring.label()).toBe("");
    expect(() => ring.readLock({ timeoutMs: 20 })).toThrow(code("deadline"));
  });

  test.each([1, 2, 3, 5, 8])("of %d buffers holds exactly as many", (numBuffers) => {
    using ring = make(numBuffers);
    for (let lap = 0; lap < 3; lap++) {
      for (let i = 0; i < numBuffers; i++) put(ring, lap * 10 + i);
      expect(ring.tryWriteLock()).toBeUndefined();
      for (let i = 0; i < numBuffers; i++) expect(take(ring)).toBe(lap * 10 + i);
      expect(ring.tryReadLock()).toBeUndefined();
    }
  });

  test("gives the same slot for writing until it is complete, then another", () => {
    using ring = make();
    const first = ring.writeLock()!;
    expect(ring.writeLock()).toBe(first);
    ring.writeComplete();
    expect(ring.writeLock()!.byteOffset).not.toBe(first.byteOffset);
  });

  test("shows nothing to the reader before writeComplete", () => {
    using ring = make();
    ring.writeLock()!.fill(1);
    expect(ring.readAvailable()).toBe(false);
    ring.writeComplete();
    expect(ring.readAvailable()).toBe(true);
  });

  test("lets several slots be locked for reading, and readComplete gives back the oldest", () => {
    using ring = make(2);
    for (const value of [1, 2]) put(ring, value);
    expect([1, 2].map(() => ring.readLock({ timeoutMs: 2_000 })![0])).toEqual([1, 2]);
    expect(ring.readAvailable()).toBe(false);
    ring.readComplete();
    put(ring, 3);
    expect(ring.readLock()![0]).toBe(3);
  });

  test("gives what was locked and not completed again after readReset", () => {
    using ring = make();
    for (const value of [1, 2, 3]) put(ring, value);
    for (let i = 0; i < 3; i++) ring.readLock();
    ring.readComplete();
    ring.readReset();
    // Without waiting: what is missing must not hang.
    const again = [0, 1].map(() => ring.tryReadLock()?.[0]);
    expect([...again, ring.readAvailable()]).toEqual([2, 3, false]);
  });

  test("copies a whole object into a slot with write", () => {
    using ring = make(2, 4);
    expect(ring.write(new Float32Array([1.5]))).toBe(true);
    expect(new Float32Array(ring.readLock()!.slice().buffer)[0]).toBe(1.5);
    for (const size of [3, 5]) expect(() => ring.write(new Uint8Array(size))).toThrow(code("wrong_size"));
  });

  test.each([
    ["writeComplete", (ring: SpscRingBuffer) => ring.writeComplete()],
    ["readComplete", (ring: SpscRingBuffer) => ring.readComplete()],
    ["commit", (ring: SpscRingBuffer) => ring.commit(1)],
    ["release", (ring: SpscRingBuffer) => ring.release(1)],
  ])("refuses %s without a lock", (_name, call) => {
    using ring = make();
    expect(() => call(ring)).toThrow(code("not_locked"));
  });

  test("prints its state", () => {
    using ring = make(4);
    for (const value of [1, 2]) put(ring, value);
    ring.readLock();
    ring.writeLock();
    expect(ring.getState("> ")).toBe("> frames: valid, 2 of 4 filled, 1 locked for reading, 1 for writing");
    ring.invalidate();
    expect(ring.getState()).toStartWith("frames: invalid");
  });

  test("blocks nobody once it is invalid, and locks give undefined", async () => {
    using ring = make(1);
    const read = ring.readLockAsync();
    ring.invalidate();
    expect(ring.isValid()).toBe(false);
    expect([ring.writeLock(), ring.readLock(), await read, await ring.writeLockAsync()]).toEqual(
      Array(4).fill(undefined),
    );
    expect([ring.reserve(1), ring.claim(1), ring.write(new Uint8Array(1))]).toEqual([undefined, undefined, false]);
    ring.writeComplete();
    ring.readComplete();
  });

  test("ends a wait of the event loop's when it becomes invalid", async () => {
    using ring = make(1);
    put(ring, 1);
    const write = ring.writeLockAsync();
    await Bun.sleep(5);
    ring.invalidate();
    expect(await write).toBeUndefined();
  });

  test("is empty and valid again after reset", () => {
    using ring = make(2);
    for (const value of [1, 2]) put(ring, value);
    ring.readLock();
    ring.invalidate();
    ring.reset();
    expect([ring.isValid(), ring.readAvailable()]).toEqual([true, false]);
    for (const value of [3, 4]) put(ring, value);
    expect([take(ring), take(ring)]).toEqual([3, 4]);
  });

  test("reset also empties a ring that is valid", () => {
    using ring = make(2);
    put(ring, 1);
    ring.reset();
    expect(ring.readAvailable()).toBe(false);
    put(ring, 2);
    expect(take(ring)).toBe(2);
  });

  test("calls the read timeout again and again while a read waits", () => {
    let calls = 0;
    using ring = new SpscRingBuffer({
      numBuffers: 1,
      bufferSize: 1,
      timeoutNs: 2e6,
      readTimeout: (own) => {
        expect(own).toBe(ring);
        if (++calls === 3) put(own, 7);
      },
    });
    expect([ring.readLock({ timeoutMs: 2_000 })![0], calls]).toEqual([7, 3]);
  });

  test("calls the read timeout while a read of the event loop waits", async () => {
    let calls = 0;
    using ring = new SpscRingBuffer({
      numBuffers: 1,
      bufferSize: 1,
      timeoutNs: 2e6,
      readTimeout: (own) => {
        if (++calls === 3) put(own, 7);
      },
    });
    expect([(await ring.readLockAsync({ timeoutMs: 2_000 }))![0], calls]).toEqual([7, 3]);
  });

  test("passes on what the read timeout throws", async () => {
    const readTimeout = () => {
      throw new RangeError("mine");
    };
    using ring = new SpscRingBuffer({ numBuffers: 1, bufferSize: 1, timeoutNs: 1e6, readTimeout });
    expect(() => ring.readLock()).toThrow("mine");
    expect(ring.readLockAsync()).rejects.toThrow("mine");
  });

  test("hands out batches that are neighbours, and publishes a part of one", () => {
    using ring = make(8, 2);
    const room = ring.reserve(5)!;
    expect(room.length).toBe(10);
    room.set([1, 1, 2, 2, 3, 3]);
    ring.commit(3);
    expect([...ring.claim(8)!]).toEqual([1, 1, 2, 2, 3, 3]);
    ring.release(3);
    // Up to the end of the memory.
    expect(ring.reserve(8)!.length).toBe(10);
    expect(ring.tryClaim(1)).toBeUndefined();
  });

  test("keeps every message, once and in order, however batches fall", () => {
    const step = fc.tuple(fc.constantFrom("write", "read", "readReset"), fc.integer({ min: 1, max: 7 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (numBuffers, steps) => {
        using ring = make(numBuffers);
        const filled: number[] = [];
        let next = 0;
        for (const [what, count] of steps) {
          if (what === "write") {
            const room = ring.tryReserve(count) ?? [];
            for (let i = 0; i < room.length; i++, next++) {
              room[i] = next & 255;
              filled.push(next & 255);
            }
            ring.commit(room.length);
          } else {
            const there = ring.tryClaim(count) ?? [];
            expect([...there]).toEqual(filled.slice(0, there.length));
            expect(there.length > 0).toBe(filled.length > 0);
            if (what === "readReset") {
              ring.readReset();
            } else {
              ring.release(there.length);
              filled.splice(0, there.length);
            }
          }
          expect(filled.length).toBeLessThanOrEqual(numBuffers);
        }
      }),
    );
  });

  test("waits in the event loop, which goes on", async () => {
    using ring = make(1);
    const read = ring.readLockAsync();
    await Bun.sleep(5);
    put(ring, 5);
    expect((await read)![0]).toBe(5);
    const batch = ring.claimAsync(3);
    ring.readComplete();
    expect(await ring.writeAsync(new Uint8Array([6]))).toBe(true);
    expect([...(await batch)!]).toEqual([6]);
    const room = ring.reserveAsync(3);
    await Bun.sleep(1);
    ring.readComplete();
    expect((await room)!.length).toBe(1);
  });

  test("serves waiting reads in the order in which they began", async () => {
    using ring = make(4);
    const reads = [1, 2, 3].map(() => ring.readLockAsync());
    for (const value of [1, 2, 3]) put(ring, value);
    expect((await Promise.all(reads)).map((slot) => slot![0])).toEqual([1, 2, 3]);
  });

  test("gives a waiting read what readReset puts back", async () => {
    using ring = make(1);
    put(ring, 1);
    ring.readLock();
    const read = ring.readLockAsync();
    ring.readReset();
    expect((await read)![0]).toBe(1);
  });

  test("ends a wait when its time is up, and when its signal says so", async () => {
    using ring = make(1);
    put(ring, 1);
    expect(() => ring.writeLock({ timeoutMs: 20 })).toThrow(code("deadline"));
    expect(await ring.writeLockAsync({ timeoutMs: 20 }).catch((error) => error)).toEqual(code("deadline"));
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = ring.writeLockAsync({ signal: controller.signal, timeoutMs: 2_000 });
    controller.abort(reason);
    expect(await waiting.catch((error) => error)).toBe(reason);
    expect(await ring.writeLockAsync({ signal: controller.signal }).catch((error) => error)).toBe(reason);
  });

  test("is closed once and for all: views are empty, waits end", async () => {
    const ring = make(1);
    put(ring, 1);
    const view = ring.readLock()!;
    const waiting = ring.readLockAsync().catch((error) => error);
    ring.close();
    ring.close();
    expect([view.length, ring.closed]).toEqual([0, true]);
    expect(await waiting).toEqual(code("closed"));
    for (const call of [() => ring.writeLock(), () => ring.isValid(), () => ring.share(), () => ring.buffer]) {
      expect(call).toThrow(code("closed"));
    }
  });

  test("shows its slots again after its buffer was moved away", () => {
    using ring = make(2);
    put(ring, 1);
    structuredClone(ring.buffer, { transfer: [ring.buffer] });
    expect(take(ring)).toBe(1);
  });

  test.each([
    [{ numBuffers: 0, bufferSize: 1 }, "invalid_argument"],
    [{ numBuffers: 2 ** 30 + 1, bufferSize: 1 }, "invalid_argument"],
    [{ numBuffers: 1, bufferSize: 0 }, "invalid_argument"],
    [{ numBuffers: 1, bufferSize: 1.5 }, "invalid_argument"],
    [{ numBuffers: 1, bufferSize: 2 ** 32 }, "too_large"],
    [{ numBuffers: 3, bufferSize: 2 ** 31 }, "too_large"],
    [{ numBuffers: 1, bufferSize: 2 ** 53 - 1 }, "invalid_argument"],
    [{ numBuffers: 1, bufferSize: 1, label: "x".repeat(97) }, "invalid_argument"],
    [{ numBuffers: 1, bufferSize: 1, timeoutNs: -1 }, "invalid_argument"],
    [{ numBuffers: 1, bufferSize: 1, readTimeout: 5 as never }, "invalid_argument"],
    [null as never, "invalid_argument"],
  ])("refuses %j with %s", (options, expected) => {
    expect(() => new SpscRingBuffer(options)).toThrow(code(expected));
  });

  test("takes roles by their names only, and tokens that it gave", () => {
    using ring = make();
    expect(RingRole).toEqual({ Producer: "producer", Consumer: "consumer" });
    expect(() => SpscRingBuffer.attach(ring.share(), "reader" as never)).toThrow(code("invalid_argument"));
    const {
      millraceRing: [id, secret, secret2],
    } = ring.share();
    const forged = [{}, { millraceRing: [id, secret, -1] }, null] as never[];
    for (const token of forged)
      expect(() => SpscRingBuffer.attach(token, "consumer")).toThrow(code("invalid_argument"));
    const other = { millraceRing: [id, secret, secret2 === 0 ? 1 : secret2 - 1] } as const;
    expect(() => SpscRingBuffer.attach(other, "consumer")).toThrow(code("closed"));
  });

  test("has one producer and one consumer at a time; a wait ends when the other one is gone", async () => {
    using ring = make(1);
    put(ring, 1);
    expect(() => SpscRingBuffer.attach(ring.share(), "producer")).toThrow(code("role_taken"));
    const reader = SpscRingBuffer.attach(ring.share(), RingRole.Consumer);
    expect(() => ring.readLock()).toThrow(code("role_taken"));
    const waiting = ring.writeLockAsync().catch((error) => error);
    await Bun.sleep(5);
    reader.close();
    expect(await waiting).toEqual(code("peer_lost"));
    expect(() => ring.writeLock()).toThrow(code("peer_lost"));
    expect(take(ring)).toBe(1);
    put(ring, 2);
  });
});

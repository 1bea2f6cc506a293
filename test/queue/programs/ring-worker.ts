// A thread that takes an end of a ring by its token, does what it is told with it, and answers.
import { type RingToken, SpscRingBuffer } from "../../../src/queue/index.ts";

declare const self: Worker;

interface Task {
  readonly token: RingToken;
  readonly what: keyof typeof tasks;
  readonly count: number;
}

const number = (slot: Uint8Array): Float64Array => new Float64Array(slot.buffer as ArrayBuffer, slot.byteOffset);

const tasks = {
  /** Writes 0, 1, 2 … one by one, blocking. */
  produce: (token: RingToken, count: number) => {
    using ring = SpscRingBuffer.attach(token, "producer");
    for (let i = 0; i < count; i++) {
      number(ring.writeLock()!)[0] = i;
      ring.writeComplete();
    }
  },
  /** Reads as many and says how many were not the next one. */
  consume: (token: RingToken, count: number) => {
    using ring = SpscRingBuffer.attach(token, "consumer");
    let wrong = 0;
    for (let i = 0; i < count; i++) {
      if (number(ring.readLock()!)[0] !== i) wrong++;
      ring.readComplete();
    }
    return wrong;
  },
  /** Has the end, blocks for ever. */
  wait: (token: RingToken) => {
    const ring = SpscRingBuffer.attach(token, "consumer");
    self.postMessage("begun");
    ring.readLock();
  },
  waitAsync: async (token: RingToken) => {
    const ring = SpscRingBuffer.attach(token, "consumer");
    self.postMessage("begun");
    await ring.readLockAsync();
  },
};

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  self.postMessage({ done: await tasks[data.what](data.token, data.count) });
};

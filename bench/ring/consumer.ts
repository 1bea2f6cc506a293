/** The reading half of `bench/ring/workers.ts`: reads `count` messages of one transport, checks each word, answers. */
import { RingBuffer } from "ringbuf.js";
import { SpscRingBuffer } from "../../src/queue/index.ts";
import { readMessage, words } from "./message.ts";
import type { Order } from "./workers.ts";

declare const self: Worker;

let posted: ((message: Float64Array) => void) | undefined;

self.onmessage = ({ data }: MessageEvent<Order | Float64Array>) => {
  if (data instanceof Float64Array) return posted?.(data);
  read(data);
};

function read(order: Order): void {
  const { count, batch } = order;
  let next = 0;
  let wrong = 0;
  const take = (from: Float64Array, at: number, messages: number) => {
    for (let i = 0; i < messages; i++) wrong += readMessage(from, at + i * words, next++);
  };
  if (order.kind === "postMessage") {
    posted = (message) => {
      take(message, 0, 1);
      if (next === count) self.postMessage({ wrong });
    };
    return self.postMessage("ready");
  }
  self.postMessage("ready");
  if (order.kind === "ring") {
    using ring = SpscRingBuffer.attach(order.token, "consumer");
    const all = new Float64Array(ring.buffer);
    while (next < count) {
      if (batch === 1) {
        take(all, ring.readLock()!.byteOffset >>> 3, 1);
        ring.readComplete();
      } else {
        const slots = ring.claim(batch)!;
        take(all, slots.byteOffset >>> 3, slots.byteLength / (words * 8));
        ring.release(slots.byteLength / (words * 8));
      }
    }
  } else {
    const ring = new RingBuffer(order.memory, Float64Array);
    const buffer = new Float64Array(words * batch);
    while (next < count) take(buffer, 0, ring.pop(buffer) / words);
  }
  self.postMessage({ wrong });
}

/** Messages of 64 bytes from one JavaScript thread to another, written and read whole: how long one takes, one after the other. */
import { RingBuffer } from "ringbuf.js";
import { type RingToken, SpscRingBuffer } from "../../src/queue/index.ts";
import { startUnpinned } from "../placement.ts";
import { type Statistics, summarize } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { messageBytes, words, writeMessage } from "./message.ts";

export type Order = { readonly count: number; readonly batch: number } & (
  | { readonly kind: "ring"; readonly token: RingToken }
  | { readonly kind: "ringbuf"; readonly memory: SharedArrayBuffer }
  | { readonly kind: "postMessage" }
);

const slots = 1024;
const runs = 7;

/** Nanoseconds a message; a sample is the mean of a run, until the reader has checked the last one. */
export async function measureTransport(
  context: Context,
  kind: Order["kind"],
  batch: number,
  usual: number,
): Promise<Statistics> {
  context.log(`${kind} between two Workers, batches of ${batch}`);
  const count = context.samples(usual, 1000);
  const samples = new Float64Array(runs);
  const worker = startUnpinned(() => new Worker(`${import.meta.dir}/consumer.ts`));
  let answered = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }) => answered.resolve(data);
  worker.onerror = (event) => answered.reject(new Error(event.message));
  try {
    for (let run = -1; run < runs; run++) {
      using ring = new SpscRingBuffer({ numBuffers: slots, bufferSize: messageBytes, label: "bench" });
      const memory = RingBuffer.getStorageForCapacity(slots * words, Float64Array);
      worker.postMessage({ kind, count, batch, memory, token: ring.share() });
      await answered.promise;
      answered = Promise.withResolvers();
      const before = performance.now();
      if (kind === "ring") writeRing(ring, count, batch);
      else if (kind === "ringbuf") writeRingbuf(memory, count, batch);
      else post(worker, count);
      const { wrong } = (await answered.promise) as { wrong: number };
      if (run >= 0) samples[run] = ((performance.now() - before) * 1e6) / count;
      if (wrong > 0) throw new Error(`${wrong} messages arrived with other words than were written`);
      answered = Promise.withResolvers();
    }
  } finally {
    worker.terminate();
  }
  return summarize(samples);
}

function writeRing(ring: SpscRingBuffer, count: number, batch: number): void {
  const all = new Float64Array(ring.buffer);
  for (let next = 0; next < count; ) {
    if (batch === 1) {
      writeMessage(all, ring.writeLock()!.byteOffset >>> 3, next++);
      ring.writeComplete();
      continue;
    }
    const room = ring.reserve(Math.min(batch, count - next))!;
    const messages = room.byteLength / messageBytes;
    for (let i = 0; i < messages; i++) writeMessage(all, (room.byteOffset >>> 3) + i * words, next++);
    ring.commit(messages);
  }
}

function writeRingbuf(memory: SharedArrayBuffer, count: number, batch: number): void {
  const ring = new RingBuffer(memory, Float64Array);
  const buffer = new Float64Array(words * batch);
  for (let next = 0; next < count; ) {
    const messages = Math.min(batch, count - next);
    for (let i = 0; i < messages; i++) writeMessage(buffer, i * words, next++);
    for (let sent = 0; sent < messages * words; ) {
      sent += ring.push(buffer.subarray(sent, messages * words));
    }
  }
}

function post(worker: Worker, count: number): void {
  const message = new Float64Array(words);
  for (let next = 0; next < count; next++) {
    writeMessage(message, 0, next);
    worker.postMessage(message);
  }
}

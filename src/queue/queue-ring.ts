import { switchable } from "../native/switches.ts";
import type { QueueCore } from "./queue-core.ts";

interface RingQueue<Data> {
  enqueueLock(): Data;
  enqueueComplete(): void;
  disconnect(): void;
  reset(): void;
}

/**
 * The ring of entries behind a queue, with the calls of `SpscRingBuffer` that its user has: writing, and looking. Its
 * reader is the device.
 */
export class QueueRing<Data, Queue extends RingQueue<Data>> {
  readonly queue: Queue;
  readonly #core: QueueCore;
  readonly #name: string;

  /** Of the queue's making. */
  constructor(queue: Queue, core: QueueCore, name: string) {
    this.queue = queue;
    this.#core = core;
    this.#name = name;
  }

  /** The anchor's name. */
  get label(): string {
    return this.#core.anchor.name;
  }

  get numBuffers(): number {
    return this.#core.numBuffers;
  }

  /** `enqueueLock` of the queue. */
  writeLock(): Data {
    return this.queue.enqueueLock();
  }

  /** `enqueueComplete` of the queue. */
  writeComplete(): void {
    this.queue.enqueueComplete();
  }

  /** Locks an entry, copies the members of `data` to it, and puts it in. */
  write(data: Data): void {
    Object.assign(this.queue.enqueueLock() as object, data);
    this.queue.enqueueComplete();
  }

  /** Whether there is an entry that the device has not begun. */
  readAvailable(): boolean {
    const { written, begun } = this.#core.state(`${this.#name}.readAvailable`);
    return written > begun;
  }

  isValid(): boolean {
    return this.#core.state(`${this.#name}.isValid`).valid;
  }

  /** `disconnect` of the queue. */
  invalidate(): void {
    this.queue.disconnect();
  }

  /** `reset` of the queue. */
  reset(): void {
    this.queue.reset();
  }

  /** The state in words: entries put in, begun and consumed by the device, since the queue was made or reset. */
  getState(prefix = ""): string {
    const { written, begun, consumed, valid, awaited } = this.#core.state(`${this.#name}.getState`);
    const waits = awaited ? ", the device waits" : "";
    return `${prefix}${this.label}: ${valid ? "valid" : "invalid"}, written ${written}, begun ${begun}, consumed ${consumed} of ${this.numBuffers}${waits}`;
  }
}

switchable("QueueRing", QueueRing);

import { NativeBuffer } from "../native/buffer.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { TensorInfo } from "../popef/index.ts";
import { elementTypes, type TensorInput } from "../tensor/index.ts";
import { Arena } from "./arena.ts";
import { call } from "./callback.ts";
import { Announcement } from "./native-queues.ts";
import { once } from "./once.ts";
import type { Piece } from "./piece.ts";
import type { IQueue } from "./queue.ts";
import { QueueCore, type QueueSettings } from "./queue-core.ts";
import { InputData, type ReadCompleteCallback, type ReadStartCallback } from "./queue-data.ts";
import { QueueRing } from "./queue-ring.ts";

export interface EnqueueInputOptions {
  /** Bytes of the data to use, a multiple of a sample's; all unless given. */
  readonly dataSize?: number | undefined;
  readonly readStart?: ReadStartCallback | null | undefined;
  readonly readComplete?: ReadCompleteCallback | null | undefined;
  /** How long a full queue may block; without it, for ever. */
  readonly timeoutMs?: number | undefined;
}

export interface EnqueueInputAsyncOptions extends Omit<EnqueueInputOptions, "timeoutMs"> {
  /** Gives the waiting up, not the entry: the outputs of later requests depend on its place. */
  readonly signal?: AbortSignal | undefined;
}

interface Callbacks {
  readonly start: ReadStartCallback | undefined;
  readonly complete: ReadCompleteCallback | undefined;
}

/**
 * Feeds an input of the model with data of any number of samples, which the queue regroups into the batches that the model
 * was compiled for. Arrays of JavaScript's heap are copied before a call returns. Native memory (`TensorMemory`, FastIO
 * tensors, blobs of a `RingMemoryPool`) is not: it must stay as it is until `readComplete`, and is kept alive.
 */
export class InputQueue implements IQueue {
  readonly #core: QueueCore;
  readonly #arena: Arena;
  /** By entry, modulo the length. */
  readonly #callbacks: (Callbacks | undefined)[];
  #locked: InputData | undefined;
  #ring: InputRingBuffer | undefined;

  readonly #onTimeout: (queue: InputQueue) => void;

  /** Made by `QueueManager`. */
  constructor(settings: QueueSettings, onTimeout: (queue: InputQueue) => void) {
    this.#onTimeout = onTimeout;
    this.#core = new QueueCore(settings, { announced: (kind, entry) => this.#announced(kind, entry) });
    const { numBuffers, records, sampleBytes, anchor } = this.#core;
    this.#arena = new Arena(numBuffers, records, sampleBytes, elementTypes[anchor.tensorInfo.dtype]);
    this.#callbacks = new Array(records);
  }

  get tensorInfo(): TensorInfo {
    return this.#core.anchor.tensorInfo;
  }

  get numBuffers(): number {
    return this.#core.numBuffers;
  }

  /** The ring behind the queue: its state, and whether it has data that the device has not begun. */
  get ring(): InputRingBuffer {
    this.#ring ??= new QueueRing<InputData, InputQueue>(this, this.#core, "InputRingBuffer");
    return this.#ring;
  }

  /**
   * The entry to fill; the same until `enqueueComplete`. Blocks while the queue is full.
   *
   * @throws StateError `invalidated` (disconnected), `stopped` (a session was stopped: `resetAll` first), `closed`;
   * DeadlineError `deadline`
   */
  enqueueLock(options: { readonly timeoutMs?: number | undefined } = {}): InputData {
    const op = "InputQueue.enqueueLock";
    this.#core.requireOpen(op);
    if (this.#locked !== undefined && !off("lock_kept")) return this.#locked;
    this.#core.awaitRoom(options.timeoutMs, op);
    this.#locked = new InputData();
    return this.#locked;
  }

  /**
   * Puts the locked entry in.
   *
   * @throws StateError `not_locked`, and what `enqueue` throws; the entry then stays locked.
   */
  enqueueComplete(): void {
    const op = "InputQueue.enqueueComplete";
    if (this.#locked === undefined && !off("lock_required")) throw makeError("not_locked", { op });
    const { data, dataSize, readStart, readComplete } = this.#locked!;
    this.#put(data, { dataSize, readStart, readComplete }, op);
  }

  /**
   * Puts data in, any number of whole samples; blocks while the queue is full.
   *
   * @throws ArgumentError `wrong_size` (no whole samples), `wrong_dtype`, `invalid_argument`, `wrong_split` (another queue
   * of the session has as many samples in this place); StateError `invalidated`, `stopped`, `closed`; DeadlineError
   * `deadline`
   */
  enqueue(data: TensorInput, options: EnqueueInputOptions = {}): void {
    this.#put(data, options, "InputQueue.enqueue");
  }

  /**
   * As `enqueue`, without blocking: resolves when the data is in the queue. Calls keep their order.
   *
   * @throws as `enqueue`, the signal's reason
   */
  async enqueueAsync(data: TensorInput, options: EnqueueInputAsyncOptions = {}): Promise<void> {
    const op = "InputQueue.enqueueAsync";
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    this.#core.requireOpen(op);
    const piece = this.#core.cutter.input(data, options.dataSize ?? 0, op);
    this.#core.seat?.check(piece.samples, op);
    const callbacks = callbacksOf(options);
    if (!this.#core.crowded && this.#write(piece, callbacks, op)) return this.#core.seat?.record(piece.samples);
    const kept = this.#keep(piece, op);
    const waiting = once<void>(signal);
    this.#core.set.hold();
    this.#core.line({
      write: () => {
        if (!this.#write(kept.piece, callbacks, op)) return false;
        kept.release();
        waiting.resolve();
        return true;
      },
      fail: (error) => {
        kept.release();
        waiting.reject(error);
      },
    });
    this.#core.seat?.record(piece.samples);
    try {
      await waiting.promise;
    } finally {
      this.#core.set.letGo();
    }
  }

  /**
   * Completes the batch that entries have begun, with zeros; if none is begun, a batch of zeros. Never blocks.
   * @throws ArgumentError `wrong_split`: other queues have entries that this one lacks; StateError `closed`
   */
  flush(): void {
    if (!off("input_flush")) this.#core.flush("InputQueue.flush");
  }

  /** As when it was made; what was in it is dropped. After `session.stop()`, or to use it after `disconnect`. */
  reset(): void {
    this.#core.reset("InputQueue.reset");
    this.#core.failAll(makeError("invalidated", { op: "InputQueue.enqueueAsync", message: "the queue was reset." }));
    this.#locked = undefined;
    this.#callbacks.fill(undefined);
    this.#arena.reset();
  }

  disconnect(): void {
    this.#core.disconnect("InputQueue.disconnect");
    this.fail(makeError("invalidated", { op: "InputQueue.enqueueAsync", message: "the queue was disconnected." }));
  }

  /** Of the `QueueManager`: what is pending can no longer succeed. */
  fail(error: unknown): void {
    this.#locked = undefined;
    this.#core.failAll(error);
  }

  /** Of the `QueueManager`. */
  get core(): QueueCore {
    return this.#core;
  }

  /** Of the `QueueManager`. */
  release(): void {
    this.#arena.close();
  }

  #put(data: unknown, options: EnqueueInputOptions, op: string): void {
    this.#core.requireOpen(op);
    const piece = this.#core.cutter.input(data, options.dataSize ?? 0, op);
    const callbacks = callbacksOf(options);
    for (;;) {
      // Anew after each wait: callbacks may have enqueued and flushed.
      this.#core.seat?.check(piece.samples, op);
      if (!this.#core.crowded && this.#write(piece, callbacks, op)) break;
      this.#core.awaitRoom(options.timeoutMs, op);
    }
    this.#locked = undefined;
    this.#core.seat?.record(piece.samples);
  }

  #write(piece: Piece, callbacks: Callbacks | undefined, op: string): boolean {
    const wants = callbacks === undefined ? 0 : (callbacks.start ? 1 : 0) + (callbacks.complete ? 2 : 0);
    const entry = this.#core.written;
    if (piece.native !== undefined) {
      if (!this.#core.write(piece.native, piece.native.byteOffset, piece.size, wants, op)) return false;
      this.#arena.commit(entry, 0);
    } else if (!this.#copy(piece, entry, wants, op)) return false;
    this.#callbacks[entry % this.#callbacks.length] = callbacks;
    return true;
  }

  #copy(piece: Piece, entry: number, wants: number, op: string): boolean {
    this.#arena.release(this.#core.consumed);
    const place = this.#arena.place(piece.size);
    if (place !== undefined) {
      this.#arena.copyIn(place.offset, piece.array);
      if (!this.#core.write(place.memory, place.offset, piece.size, wants, op)) return false;
      this.#arena.commit(entry, piece.size);
      return true;
    }
    const kept = this.#keep(piece, op);
    try {
      if (!this.#core.write(kept.piece.native!, 0, piece.size, wants, op)) return false;
    } finally {
      kept.release();
    }
    this.#arena.commit(entry, 0);
    return true;
  }

  /** Data that need not stay as it is: native memory as given, anything else as a copy. */
  #keep(piece: Piece, op: string): { readonly piece: Piece; release(): void } {
    if (piece.native !== undefined) return { piece, release: () => {} };
    const memory = NativeBuffer.create(piece.size, op);
    const { array } = piece;
    new Uint8Array(memory.buffer).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    const native = { slot: memory.slot, generation: memory.generation, byteOffset: 0 };
    return { piece: { ...piece, native }, release: () => memory.close() };
  }

  #announced(kind: number, entry: number): void {
    if (kind === Announcement.readTimeout) return this.#onTimeout(this);
    const callbacks = this.#callbacks[entry % this.#callbacks.length];
    if (kind === Announcement.readStart && !off("read_start")) call(callbacks?.start);
    if (kind !== Announcement.readComplete) return;
    this.#callbacks[entry % this.#callbacks.length] = undefined;
    if (!off("read_complete")) call(callbacks?.complete);
  }
}

/** The ring behind an `InputQueue`. */
export type InputRingBuffer = QueueRing<InputData, InputQueue>;

function callbacksOf({ readStart, readComplete }: EnqueueInputOptions): Callbacks | undefined {
  if (!readStart && !readComplete) return undefined;
  return { start: readStart ?? undefined, complete: readComplete ?? undefined };
}

switchable("InputQueue", InputQueue);

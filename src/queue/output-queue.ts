import { NativeBuffer } from "../native/buffer.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { TensorInfo } from "../popef/index.ts";
import { elementTypes } from "../tensor/index.ts";
import { Arena } from "./arena.ts";
import { call } from "./callback.ts";
import { Announcement } from "./native-queues.ts";
import { once } from "./once.ts";
import type { Piece } from "./piece.ts";
import type { IQueue } from "./queue.ts";
import { QueueCore, type QueueSettings } from "./queue-core.ts";
import { OutputData, type OutputTarget, type WriteCompleteCallback } from "./queue-data.ts";
import { QueueRing } from "./queue-ring.ts";

export interface EnqueueOutputOptions {
  /** Bytes of the memory to write, a multiple of a sample's; all unless given. */
  readonly dataSize?: number | undefined;
  readonly writeComplete?: WriteCompleteCallback | null | undefined;
  /** How long a full queue may block; without it, for ever. */
  readonly timeoutMs?: number | undefined;
}

export interface EnqueueOutputAsyncOptions extends Omit<EnqueueOutputOptions, "timeoutMs"> {
  /** Gives the waiting up, not the entry: what belongs there is still written there. */
  readonly signal?: AbortSignal | undefined;
}

/** One entry, until it has been written. */
interface Pending {
  readonly size: number;
  /** An array of JavaScript's heap, to be filled by copying. */
  readonly target: Uint8Array | undefined;
  readonly complete: WriteCompleteCallback | undefined;
  readonly resolve: (() => void) | undefined;
  readonly reject: ((error: unknown) => void) | undefined;
  /** Where the device writes for `target`: in the arena, or in memory of its own. */
  offset: number;
  memory: NativeBuffer | undefined;
}

/**
 * Takes what the model writes into memory for any number of samples, whatever the batch that it was compiled for. Native
 * memory is written in place, an array of JavaScript's heap is filled when all of its samples are there.
 */
export class OutputQueue implements IQueue {
  readonly #core: QueueCore;
  readonly #arena: Arena;
  /** By entry, modulo the length. */
  readonly #pending: (Pending | undefined)[];
  #locked: OutputData | undefined;
  #ring: OutputRingBuffer | undefined;

  /** Made by `QueueManager`. */
  constructor(settings: QueueSettings) {
    this.#core = new QueueCore(settings, { announced: (kind, entry) => this.#announced(kind, entry) });
    const { numBuffers, records, sampleBytes, anchor } = this.#core;
    this.#arena = new Arena(numBuffers, records, sampleBytes, elementTypes[anchor.tensorInfo.dtype]);
    this.#pending = new Array(records);
  }

  get tensorInfo(): TensorInfo {
    return this.#core.anchor.tensorInfo;
  }

  get numBuffers(): number {
    return this.#core.numBuffers;
  }

  /** The ring behind the queue: its state. */
  get ring(): OutputRingBuffer {
    this.#ring ??= new QueueRing<OutputData, OutputQueue>(this, this.#core, "OutputRingBuffer");
    return this.#ring;
  }

  /** As `InputQueue.enqueueLock`. */
  enqueueLock(options: { readonly timeoutMs?: number | undefined } = {}): OutputData {
    const op = "OutputQueue.enqueueLock";
    this.#core.requireOpen(op);
    if (this.#locked !== undefined && !off("lock_kept")) return this.#locked;
    this.#core.awaitRoom(options.timeoutMs, op);
    this.#locked = new OutputData();
    return this.#locked;
  }

  /** As `InputQueue.enqueueComplete`. */
  enqueueComplete(): void {
    const op = "OutputQueue.enqueueComplete";
    if (this.#locked === undefined && !off("lock_required")) throw makeError("not_locked", { op });
    const { data, dataSize, writeComplete } = this.#locked!;
    this.#put(data, { dataSize, writeComplete }, op);
  }

  /**
   * Puts in memory for any number of whole samples; blocks while the queue is full. It must match what the inputs have in
   * this place. `writeComplete` is called when it has been filled.
   *
   * @throws as `InputQueue.enqueue`; `invalid_argument` for tensors that are for reading
   */
  enqueue(output: OutputTarget, options: EnqueueOutputOptions = {}): void {
    this.#put(output, options, "OutputQueue.enqueue");
  }

  /**
   * As `enqueue`, without blocking: resolves to the memory when it has been filled.
   *
   * @throws as `enqueue`, the signal's reason; StateError `invalidated`, `stopped`, `closed` when it will never be filled
   */
  async enqueueAsync<T extends OutputTarget>(output: T, options: EnqueueOutputAsyncOptions = {}): Promise<T> {
    const op = "OutputQueue.enqueueAsync";
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    this.#core.requireOpen(op);
    const piece = this.#core.cutter.output(output, options.dataSize ?? 0, op);
    this.#core.seat?.check(piece.samples, op);
    const waiting = once<void>(signal);
    const pending = pendingOf(piece, options, waiting);
    const write = () => this.#write(piece, pending, op);
    if (this.#core.crowded || !write()) this.#core.line({ write, fail: waiting.reject });
    this.#core.set.hold();
    this.#core.seat?.record(piece.samples);
    try {
      await waiting.promise;
    } finally {
      this.#core.set.letGo();
    }
    return output;
  }

  /**
   * Drops the rest of the batch that entries have begun; if none is begun, a whole batch: what the inputs' `flush` filled
   * up. Never blocks.
   *
   * @throws ArgumentError `wrong_split`: other queues have entries that this one lacks; StateError `closed`
   */
  flush(): void {
    this.#core.flush("OutputQueue.flush");
  }

  /** As `InputQueue.reset`; pending promises reject. */
  reset(): void {
    this.#core.reset("OutputQueue.reset");
    this.fail(makeError("invalidated", { op: "OutputQueue.enqueueAsync", message: "the queue was reset." }));
    this.#arena.reset();
  }

  disconnect(): void {
    this.#core.disconnect("OutputQueue.disconnect");
    this.fail(makeError("invalidated", { op: "OutputQueue.enqueueAsync", message: "the queue was disconnected." }));
  }

  /** Of the `QueueManager`: what is pending can no longer succeed. */
  fail(error: unknown): void {
    this.#locked = undefined;
    this.#core.failAll(error);
    for (const [index, pending] of this.#pending.entries()) {
      this.#pending[index] = undefined;
      pending?.memory?.close();
      if (!off("pending_fail")) pending?.reject?.(error);
    }
  }

  /** Of the `QueueManager`. */
  get core(): QueueCore {
    return this.#core;
  }

  /** Of the `QueueManager`. */
  release(): void {
    this.#arena.close();
  }

  #put(data: unknown, options: EnqueueOutputOptions, op: string): void {
    this.#core.requireOpen(op);
    const piece = this.#core.cutter.output(data, options.dataSize ?? 0, op);
    const pending = pendingOf(piece, options, undefined);
    for (;;) {
      // Anew after each wait: callbacks may have enqueued and flushed.
      this.#core.seat?.check(piece.samples, op);
      if (!this.#core.crowded && this.#write(piece, pending, op)) break;
      this.#core.awaitRoom(options.timeoutMs, op);
    }
    this.#locked = undefined;
    this.#core.seat?.record(piece.samples);
  }

  #write(piece: Piece, pending: Pending, op: string): boolean {
    const entry = this.#core.written;
    const { native } = piece;
    if (native !== undefined) {
      const wants = pending.complete || pending.resolve ? 2 : 0;
      if (!this.#core.write(native, native.byteOffset, piece.size, wants, op)) return false;
      this.#arena.commit(entry, 0);
    } else {
      const place = this.#arena.place(piece.size);
      const memory = place?.memory ?? NativeBuffer.create(piece.size, op);
      pending.offset = place?.offset ?? 0;
      if (!this.#core.write(memory, pending.offset, piece.size, 2, op)) {
        if (place === undefined) memory.close();
        return false;
      }
      if (place === undefined) pending.memory = memory;
      this.#arena.commit(entry, place === undefined ? 0 : piece.size);
    }
    this.#pending[entry % this.#pending.length] = pending;
    return true;
  }

  #announced(kind: number, entry: number): void {
    if (kind !== Announcement.writeComplete) return;
    const pending = this.#pending[entry % this.#pending.length];
    this.#pending[entry % this.#pending.length] = undefined;
    const problem = pending && this.#fill(pending);
    // Before anything is called: what is called may put more in.
    this.#arena.release(entry + 1);
    if (pending === undefined || off("write_complete")) return;
    if (problem === undefined) {
      pending.resolve?.();
      call(pending.complete);
    } else if (pending.reject !== undefined) pending.reject(problem);
    else
      call(() => {
        throw problem;
      });
  }

  /** What has been written, to the array on JavaScript's heap. */
  #fill({ target, memory, offset }: Pending): Error | undefined {
    if (target === undefined || off("output_fill")) return undefined;
    try {
      if (memory === undefined) this.#arena.copyOut(offset, target);
      else target.set(new Uint8Array(memory.buffer));
    } catch (cause) {
      const message = "the array to be filled was closed or moved away.";
      return makeError("closed", { op: "OutputQueue.enqueue", message, cause });
    } finally {
      memory?.close();
    }
    return undefined;
  }
}

/** The ring behind an `OutputQueue`. */
export type OutputRingBuffer = QueueRing<OutputData, OutputQueue>;

function pendingOf(
  { size, array, native }: Piece,
  { writeComplete }: Pick<EnqueueOutputOptions, "writeComplete">,
  waiting: { resolve(): void; reject(error: unknown): void } | undefined,
): Pending {
  const target = native === undefined ? new Uint8Array(array.buffer, array.byteOffset, array.byteLength) : undefined;
  return {
    size,
    target,
    complete: writeComplete ?? undefined,
    resolve: waiting && (() => waiting.resolve()),
    reject: waiting && ((error) => waiting.reject(error)),
    offset: 0,
    memory: undefined,
  };
}

switchable("OutputQueue", OutputQueue);

import { limits } from "../native/bindings.generated.ts";
import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import type { Anchor } from "../popef/index.ts";
import type { Ledger, Seat } from "./ledger.ts";
import type { Listener, NativeQueues } from "./native-queues.ts";
import { Cutter } from "./piece.ts";
import type { StreamHandle } from "./queue-host.ts";

const full = 1;
/**
 * Announcements that have been taken from the native side and not been acted upon: their entries' places may have been
 * used again, so this many more are remembered than the queue can hold.
 */
const takenMax = limits.values_max / 2;

export interface QueueSettings {
  readonly set: NativeQueues;
  readonly anchor: Anchor;
  readonly direction: "input" | "output";
  readonly numBuffers: number;
  /** Undefined for anchors of load and save programs, which are in step with nothing. */
  readonly ledger: Ledger | undefined;
  readonly op: string;
}

/** Waits for room. `write` false: there still is none. */
interface Waiting {
  write(): boolean;
  fail(error: unknown): void;
}

/** Samples in one batch of an anchor's tensor. A scalar is one sample. */
export function batchSizeOf(anchor: Anchor): number {
  // The first axis of what each replica has for itself is the replica.
  return anchor.tensorInfo.shape[anchor.isPerReplica ? 1 : 0] ?? 1;
}

/** What input and output queues share: the native queue, its place in the ledger, and the line of those that wait. */
export class QueueCore {
  readonly set: NativeQueues;
  readonly anchor: Anchor;
  readonly number: number;
  readonly numBuffers: number;
  /** Entries of which something must be remembered at once. */
  readonly records: number;
  readonly cutter: Cutter;
  readonly sampleBytes: number;
  readonly seat: Seat | undefined;
  /** Entries that were put in. */
  written = 0;
  /** Entries of inputs that the device has consumed, as far as is known here. */
  consumed = 0;
  #waiting: Waiting[] = [];

  constructor(settings: QueueSettings, listener: Pick<Listener, "announced">) {
    const { set, anchor, direction, numBuffers, ledger, op } = settings;
    this.set = set;
    this.anchor = anchor;
    this.numBuffers = numBuffers;
    this.records = numBuffers + takenMax + 1;
    const bytes = anchor.tensorInfo.sizeInBytes();
    const batch = batchSizeOf(anchor);
    if (bytes === 0) throw makeError("wrong_size", { op, message: `anchor "${anchor.name}" has no bytes to queue.` });
    this.sampleBytes = bytes / batch;
    this.cutter = new Cutter(anchor.tensorInfo.dtype, this.sampleBytes);
    this.number = set.add(
      { direction, inStep: ledger !== undefined, count: numBuffers, batchBytes: bytes },
      { announced: (kind, entry) => listener.announced(kind, entry), pump: () => this.pump() },
      op,
    );
    this.seat = ledger?.seat(anchor.name, batch, () => this.#flushInLine());
  }

  /** A handle of the queue's stream, for the session to close. */
  stream(op: string): StreamHandle {
    const slot = check(native.mr_queue_stream(this.set.slot, this.set.generation, this.number), op);
    return { slot, generation: block.results[0]! };
  }

  /** Puts an entry in; false: full. It then has number `written - 1`. */
  write(memory: StreamHandle, offset: number, size: number, wants: number, op: string): boolean {
    const { values } = block;
    values[0] = offset;
    values[1] = size;
    values[2] = wants;
    const { slot, generation } = this.set;
    const result = check(native.mr_queue_enqueue(slot, generation, this.number, memory.slot, memory.generation), op);
    this.consumed = block.results[0]!;
    if (result === full) return false;
    this.written++;
    return true;
  }

  /** Blocks until an entry would go in, behind all that wait already. */
  awaitRoom(timeoutMs: number | undefined, op: string): void {
    this.set.waitUntil(() => this.#waiting.length === 0 && this.#hasRoom(op), timeoutMs, op);
  }

  /** Whether somebody waits already. */
  get crowded(): boolean {
    return this.#waiting.length > 0;
  }

  line(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Those that wait go in, in turn, as far as there is room. */
  pump(): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      try {
        if (!first.write()) return;
      } catch (error) {
        first.fail(error);
      }
      // Whoever went in may have called back, and cleared the line.
      if (this.#waiting[0] === first) this.#waiting.shift();
    }
  }

  /** All that wait are told that it is in vain. */
  failAll(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(error);
  }

  /** Without a place in the ledger: at once. */
  flush(op: string): void {
    this.requireOpen(op);
    if (this.seat !== undefined) this.seat.flush(op);
    else this.#flushInLine();
  }

  /** As part of `flushAll`, for queues that the ledger leaves out: only where the device waits or a batch is begun. */
  flushIfNeeded(): void {
    if (!this.crowded) this.#flushNow(1, "QueueManager.flushAll");
  }

  disconnect(op: string): void {
    this.requireOpen(op);
    check(native.mr_queue_disconnect(this.set.slot, this.set.generation, this.number), op);
  }

  reset(op: string): void {
    this.requireOpen(op);
    check(native.mr_queue_reset(this.set.slot, this.set.generation, this.number), op);
    this.set.forget(this.number);
    this.written = 0;
    this.consumed = 0;
    this.seat?.reset();
  }

  state(op: string): { written: number; begun: number; consumed: number; valid: boolean; awaited: boolean } {
    this.requireOpen(op);
    check(native.mr_queue_state(this.set.slot, this.set.generation, this.number), op);
    const [written = 0, begun = 0, consumed = 0, , valid, awaited] = block.results;
    return { written, begun, consumed, valid: valid === 1, awaited: awaited === 1 };
  }

  requireOpen(op: string): void {
    if (this.set.closed) throw makeError("closed", { op, message: "the session of this queue was closed." });
  }

  #hasRoom(op: string): boolean {
    return check(native.mr_queue_room(this.set.slot, this.set.generation, this.number), op) === 1;
  }

  #flushInLine(): void {
    const write = () => this.#flushNow(0, "flush");
    if (this.crowded || !write()) this.line({ write, fail: () => {} });
  }

  #flushNow(mode: number, op: string): boolean {
    const result = check(native.mr_queue_flush(this.set.slot, this.set.generation, this.number, mode), op);
    if (result === 0) this.written++;
    return result !== full;
  }
}

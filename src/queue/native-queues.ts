import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { attend, serve, watch } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import { off } from "../native/switches.ts";

/** What the native side announces: see `zig/queue/events.zig`. */
export const Announcement = {
  readStart: 0,
  readComplete: 1,
  writeComplete: 2,
  readTimeout: 3,
  room: 4,
  stopped: 5,
} as const;
const kinds = 8;

export interface QueueShape {
  readonly direction: "input" | "output";
  /** The same batches go through all queues that are in step. */
  readonly inStep: boolean;
  /** Entries that it holds. */
  readonly count: number;
  /** Bytes of one batch of the device. */
  readonly batchBytes: number;
}

/** A queue, told what was announced of it. */
export interface Listener {
  announced(kind: number, entry: number): void;
  /** Something has happened that may have made room. */
  pump(): void;
}

/** The native side of a `QueueManager`: its handle, what it announces, and waiting for that. */
export class NativeQueues {
  readonly slot: number;
  readonly generation: number;
  readonly #listeners: Listener[] = [];
  readonly #onStopped: () => void;
  readonly #unattend: () => void;
  readonly #poll = (): boolean => this.poll();
  /** Taken from the native side, not dispatched yet: queue and kind, entry. */
  #taken: number[] = [];
  #at = 0;
  #holds = 0;
  #unwatch: (() => void) | undefined;
  closed = false;

  constructor(timeoutNs: number, onStopped: () => void, op: string) {
    this.slot = check(native.mr_queue_open(timeoutNs), op);
    this.generation = block.results[0]!;
    this.#onStopped = onStopped;
    this.#unattend = attend(this.#poll);
  }

  /** Makes a queue; returns its number. */
  add(shape: QueueShape, listener: Listener, op: string): number {
    const kind = (shape.direction === "input" ? 0 : 1) + (shape.inStep ? 2 : 0);
    const number = check(native.mr_queue_add(this.slot, this.generation, kind, shape.count, shape.batchBytes), op);
    this.#listeners[number] = listener;
    return number;
  }

  /** Calls back what was announced. A callback that waits comes here again, for what was announced after it. */
  poll(): boolean {
    let found = false;
    while (!this.closed) {
      if (this.#at === this.#taken.length && !this.#take()) break;
      found = true;
      const what = this.#taken[this.#at++]!;
      const entry = this.#taken[this.#at++]!;
      const kind = what % kinds;
      if (kind === Announcement.stopped) this.#onStopped();
      else this.#listeners[(what - kind) / kinds]!.announced(kind, entry);
    }
    if (found && !this.closed) for (const listener of this.#listeners) listener.pump();
    return found;
  }

  /** What was announced of a queue that was reset is void. */
  forget(number: number): void {
    const kept: number[] = [];
    for (let i = this.#at; i < this.#taken.length; i += 2) {
      const what = this.#taken[i]!;
      if (Math.floor(what / kinds) !== number || what % kinds === Announcement.stopped)
        kept.push(what, this.#taken[i + 1]!);
    }
    this.#taken = kept;
    this.#at = 0;
  }

  /** Blocks until `done`, serving the callbacks of this thread. @throws DeadlineError `deadline` */
  waitUntil(done: () => boolean, timeoutMs: number | undefined, op: string): void {
    const end = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    while (!done() && !off("queue_blocks")) {
      const left = end - performance.now();
      if (left <= 0) throw makeError("deadline", { op, message: `the queue had no room for ${timeoutMs} ms.` });
      const slice = serve();
      if (this.poll()) continue;
      native.mr_queue_wait(this.slot, this.generation, Math.ceil(Math.min(slice, left)));
    }
  }

  /** A promise is pending: the process stays alive. Pairs with `letGo`. */
  hold(): void {
    this.#holds++;
    this.#unwatch ??= watch(this.#poll);
  }

  letGo(): void {
    if (--this.#holds > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** What is in the queues belongs to no run any more. */
  outdate(): void {
    check(native.mr_queue_outdate(this.slot, this.generation), "QueueManager");
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#unattend();
    this.#unwatch?.();
    this.#unwatch = undefined;
    check(native.mr_queue_close(this.slot, this.generation), "QueueManager.close");
  }

  #take(): boolean {
    const count = check(native.mr_queue_events(this.slot, this.generation), "QueueManager");
    this.#taken.length = 0;
    this.#at = 0;
    for (let i = 0; i < count * 2; i++) this.#taken.push(block.values[i]!);
    return count > 0;
  }
}

import { makeError } from "../native/error.ts";
import { timers } from "../native/timers.ts";

// What a timer can hold; a deadline beyond 24 days needs none.
const timerMax = 2 ** 31 - 1;

/** What an asynchronous request waits with: its promise, its signal and its deadline. Settles once. */
export class Pending<T> {
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;
  #settled = false;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Rejects early on abort or at the deadline, and calls `onGivenUp` then. */
  guard(signal: AbortSignal | undefined, deadlineMs: number | undefined, op: string, onGivenUp: () => void): void {
    const giveUp = (reason: unknown) => {
      if (this.#settled) return;
      this.reject(reason);
      onGivenUp();
    };
    if (signal !== undefined) {
      this.#onAbort = () => giveUp(signal.reason);
      this.#signal = signal;
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    if (deadlineMs !== undefined && deadlineMs <= timerMax) {
      this.#timer = timers().setTimeout(() => giveUp(deadlineError(deadlineMs, op)), deadlineMs);
    }
  }

  resolve(value: T): void {
    this.#settle();
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    this.#settle();
    this.#reject(reason);
  }

  #onAbort: (() => void) | undefined;

  #settle(): void {
    this.#settled = true;
    if (this.#timer !== undefined) timers().clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}

export function deadlineError(deadlineMs: number, op: string): Error {
  return makeError("deadline", { op, message: `the ${deadlineMs} ms that the request had are over.` });
}

import type { Intake } from "./intake.ts";

/** An append that waits for room. */
export interface Waiter {
  readonly intake: Intake;
  readonly single: boolean;
  readonly settle: PromiseWithResolvers<void>;
}

/** Appends that wait, in their order. */
export class WaitingLine {
  readonly #waiters: Waiter[] = [];
  readonly #serveOne: (waiter: Waiter) => boolean;
  #scheduled = false;

  /** `serveOne` appends what there is room for; true when the waiter is done. What it throws rejects the waiter. */
  constructor(serveOne: (waiter: Waiter) => boolean) {
    this.#serveOne = serveOne;
  }

  get length(): number {
    return this.#waiters.length;
  }

  join(intake: Intake, single: boolean): Waiter {
    const waiter = { intake, single, settle: Promise.withResolvers<void>() };
    this.#waiters.push(waiter);
    return waiter;
  }

  leave(waiter: Waiter): void {
    const place = this.#waiters.indexOf(waiter);
    if (place >= 0) this.#waiters.splice(place, 1);
    this.serve();
  }

  /** In a turn of its own: whoever made room finishes first, and hooks do not nest. */
  serve(): void {
    if (this.#scheduled || this.#waiters.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#serveAll();
    });
  }

  /** Resolves when nobody waits. */
  async empty(): Promise<void> {
    while (this.#waiters.length > 0) {
      await Promise.allSettled(this.#waiters.map((waiter) => waiter.settle.promise));
    }
  }

  close(error: () => Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.settle.reject(error());
  }

  #serveAll(): void {
    for (;;) {
      const [waiter] = this.#waiters;
      if (waiter === undefined) return;
      try {
        if (!this.#serveOne(waiter)) return;
        waiter.settle.resolve();
      } catch (error) {
        waiter.settle.reject(error);
      }
      // A hook may have closed everything.
      if (this.#waiters[0] === waiter) this.#waiters.shift();
    }
  }
}

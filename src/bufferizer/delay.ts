import { timers } from "../native/timers.ts";

/** Calls back some time after the first element of a buffer; keeps the process alive until then. */
export class Delay {
  readonly #ms: number | undefined;
  readonly #elapsed: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number | undefined, elapsed: () => void) {
    this.#ms = ms;
    this.#elapsed = elapsed;
  }

  /** From now on, unless it runs already. */
  start(): void {
    if (this.#ms === undefined || this.#timer !== undefined) return;
    this.#timer = timers().setTimeout(() => {
      this.#timer = undefined;
      this.#elapsed();
    }, this.#ms);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    timers().clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

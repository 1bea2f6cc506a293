import { off } from "../native/switches.ts";
import type { DType } from "../tensor/index.ts";
import type { Half } from "./half.ts";
import type { Halves } from "./halves.ts";
import { FullPolicy } from "./options.ts";

/** Where the next elements go, by policy. */
export class Room<D extends DType = DType> {
  readonly #policy: FullPolicy;
  readonly #halves: Halves<D>;
  /** Empties the current buffer for the next elements. */
  readonly #flush: () => void;

  constructor(policy: FullPolicy, halves: Halves<D>, flush: () => void) {
    this.#policy = policy;
    this.#halves = halves;
    this.#flush = flush;
  }

  /** Whether `count` elements can be appended in full, as far as that can be known before hooks are called. */
  fits(count: number, hooked: boolean): boolean {
    const half = this.#halves.current;
    if (half === undefined) return false;
    switch (this.#policy) {
      case FullPolicy.AutoFlush:
      case FullPolicy.DropOldest:
        return !half.busy;
      case FullPolicy.Swap: {
        const here = half.delivered ? 0 : half.remaining;
        const further = (half.delivered || hooked) && this.#halves.hasSpare ? half.capacity : 0;
        return count <= here + further;
      }
      default:
        return !half.busy && (count <= half.remaining || off("list_atomic"));
    }
  }

  /** The buffer for the next of `left` elements, which has room for some of them; undefined when there is none now. */
  next(left: number): Half<D> | undefined {
    const half = this.#halves.current;
    if (half === undefined) return undefined;
    switch (this.#policy) {
      case FullPolicy.AutoFlush:
        if (!half.full && !half.delivered) return half;
        if (half.busy || off("buffer_auto_flush")) return undefined;
        this.#flush();
        return this.#halves.current;
      case FullPolicy.Swap:
        if (!half.delivered) return half.full ? undefined : half;
        return !off("buffer_swap") && this.#halves.swap() ? this.#halves.current : undefined;
      case FullPolicy.DropOldest:
        return half.busy || off("buffer_drop_oldest") ? undefined : half;
      case FullPolicy.Wait:
        return half.busy || half.full || off("buffer_wait") ? undefined : half;
      default:
        if (half.busy || half.full) return undefined;
        return left <= half.remaining || off("list_atomic") ? half : undefined;
    }
  }

  /** Nothing that others do will make room. */
  get refusesForGood(): boolean {
    return this.#policy === FullPolicy.Error && this.#halves.current?.busy === false;
  }
}

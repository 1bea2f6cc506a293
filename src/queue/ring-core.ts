import { codeOf, nativeError } from "../native/check.ts";
import { block } from "../native/library.ts";
import type { RingHandle } from "./ring-handle.ts";
import { consumer, type LockAsyncOptions, type Patience, type Side } from "./ring-options.ts";
import { RingSlots } from "./ring-slots.ts";
import { again, type Waiting, type Wanted, waitForSlotAsync } from "./ring-wait.ts";

/** Bytes of one slot, or of several neighbouring ones. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What the two ends of one ring object share: the native handle, the slots, and the waits that have not ended. */
export class RingCore {
  readonly handle: RingHandle;
  readonly slots: RingSlots;
  readonly waits = new Set<Waiting>();
  closed = false;
  readonly #patience: Patience | undefined;

  constructor(handle: RingHandle, patience: Patience | undefined) {
    this.handle = handle;
    this.slots = new RingSlots(handle);
    this.#patience = patience;
  }

  wanted(side: Side, op: string, attempt: () => number): Wanted {
    return { handle: this.handle, side, op, attempt, patience: side === consumer ? this.#patience : undefined };
  }

  one(index: number | undefined): Bytes | undefined {
    return index === undefined ? undefined : this.slots.at(index);
  }

  /** The block says where the slots begin. */
  several(count: number | undefined): Bytes | undefined {
    return count === undefined ? undefined : this.slots.range(block.results[0]!, count);
  }

  async severalLater(wanted: Wanted, options: LockAsyncOptions | undefined): Promise<Bytes | undefined> {
    let first = 0;
    const attempt = () => {
      const count = wanted.attempt();
      first = block.results[0]!;
      return count;
    };
    const count = await this.wait({ ...wanted, attempt }, options);
    return count === undefined ? undefined : this.slots.range(first, count);
  }

  wait(wanted: Wanted, options: LockAsyncOptions | undefined): Promise<number | undefined> {
    return waitForSlotAsync(wanted, options, this.waits);
  }

  /** Does not wait: undefined when there is nothing now, or the ring is invalid. */
  now({ attempt, op }: Wanted): number | undefined {
    const result = attempt();
    if (result >= 0) return result === again ? undefined : result;
    if (codeOf(result) === "invalidated") return undefined;
    throw nativeError(result, op);
  }
}

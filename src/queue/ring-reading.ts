import { check, checkInteger, nativeError } from "../native/check.ts";
import { native } from "../native/library.ts";
import { off, switchable } from "../native/switches.ts";
import type { Bytes } from "./ring-core.ts";
import { consumer, type LockAsyncOptions, type LockOptions } from "./ring-options.ts";
import { again, type Wanted, waitForSlot } from "./ring-wait.ts";
import { RingWriting } from "./ring-writing.ts";

/** What the consumer's end can do, added to the producer's: one object may have both. */
export abstract class RingReading extends RingWriting {
  /**
   * A further slot to read: waits until one is published, calling `readTimeout` each `timeoutNs`. Several can be locked;
   * undefined once the ring is invalid.
   * @throws as `writeLock`
   */
  readLock(options?: LockOptions): Bytes | undefined {
    const index = native.mr_ring_readLock(this.slot, this.generation);
    if (index >= 0 && index !== again) return this.core.slots.at(index);
    return this.core.one(waitForSlot(this.#toRead("SpscRingBuffer.readLock"), options));
  }

  async readLockAsync(options?: LockAsyncOptions): Promise<Bytes | undefined> {
    return this.core.one(await this.core.wait(this.#toRead("SpscRingBuffer.readLockAsync"), options));
  }

  /** As `readLock`, or undefined when nothing is published now. */
  tryReadLock(): Bytes | undefined {
    return this.core.one(this.core.now(this.#toRead("SpscRingBuffer.tryReadLock")));
  }

  /** Gives the oldest slot locked for reading back to the producer. @throws StateError `not_locked` */
  readComplete(): void {
    const result = native.mr_ring_release(this.slot, this.generation, 1);
    if (result < 0) throw nativeError(result, "SpscRingBuffer.readComplete");
  }

  /** Locks up to `count` neighbouring slots, as one array: waits until there is at least one. Throws as `readLock`. */
  claim(count: number, options?: LockOptions): Bytes | undefined {
    return this.core.several(waitForSlot(this.#toClaim(count, "SpscRingBuffer.claim"), options));
  }

  async claimAsync(count: number, options?: LockAsyncOptions): Promise<Bytes | undefined> {
    return this.core.severalLater(this.#toClaim(count, "SpscRingBuffer.claimAsync"), options);
  }

  /** As `claim`, or undefined when nothing is published now. */
  tryClaim(count: number): Bytes | undefined {
    return this.core.several(this.core.now(this.#toClaim(count, "SpscRingBuffer.tryClaim")));
  }

  /** Gives the oldest `count` slots locked for reading back. @throws StateError `not_locked` */
  release(count: number): void {
    const op = "SpscRingBuffer.release";
    checkInteger(count, "count", op, 0, again);
    check(native.mr_ring_release(this.slot, this.generation, count), op);
  }

  /** All slots locked for reading are unlocked and will be locked again, oldest first; waiting reads get them. */
  readReset(): void {
    if (off("ring_read_reset")) return;
    check(native.mr_ring_readReset(this.slot, this.generation), "SpscRingBuffer.readReset");
  }

  /** Is there a slot to lock for reading? */
  readAvailable(): boolean {
    return check(native.mr_ring_readAvailable(this.slot, this.generation), "SpscRingBuffer.readAvailable") === 1;
  }

  #toRead(op: string): Wanted {
    return this.core.wanted(consumer, op, () => native.mr_ring_readLock(this.slot, this.generation));
  }

  #toClaim(count: number, op: string): Wanted {
    checkInteger(count, "count", op, 1, again);
    return this.core.wanted(consumer, op, () => native.mr_ring_claim(this.slot, this.generation, count) || again);
  }
}

switchable("SpscRingBuffer", RingReading);

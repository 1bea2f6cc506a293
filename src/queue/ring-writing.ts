import { check, checkInteger, nativeError } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { native } from "../native/library.ts";
import { switchable } from "../native/switches.ts";
import { bytesOf } from "../tensor/index.ts";
import type { Bytes } from "./ring-core.ts";
import { type LockAsyncOptions, type LockOptions, producer } from "./ring-options.ts";
import { RingState } from "./ring-state.ts";
import { again, type Wanted, waitForSlot } from "./ring-wait.ts";

/** What the producer's end can do. */
export abstract class RingWriting extends RingState {
  /**
   * The slot to write to: waits until one is free. The same one until `writeComplete`; undefined once the ring is invalid.
   * @throws StateError `peer_lost`, `role_taken`; DeadlineError `deadline`; FormatError `corrupt`
   */
  writeLock(options?: LockOptions): Bytes | undefined {
    const index = native.mr_ring_writeLock(this.slot, this.generation);
    if (index >= 0 && index !== again) return this.core.slots.at(index);
    return this.core.one(waitForSlot(this.#toWrite("SpscRingBuffer.writeLock"), options));
  }

  async writeLockAsync(options?: LockAsyncOptions): Promise<Bytes | undefined> {
    return this.core.one(await this.core.wait(this.#toWrite("SpscRingBuffer.writeLockAsync"), options));
  }

  /** As `writeLock`, or undefined when no slot is free now. */
  tryWriteLock(): Bytes | undefined {
    return this.core.one(this.core.now(this.#toWrite("SpscRingBuffer.tryWriteLock")));
  }

  /** Publishes the slot. @throws StateError `not_locked` */
  writeComplete(): void {
    const result = native.mr_ring_commit(this.slot, this.generation, 1);
    if (result < 0) throw nativeError(result, "SpscRingBuffer.writeComplete");
  }

  /**
   * Copies into a slot and publishes it; waits until one is free. False once the ring is invalid.
   * @throws ArgumentError `wrong_size` unless there are exactly `bufferSize` bytes; as `writeLock`
   */
  write(bytes: ArrayBufferView | ArrayBufferLike): boolean {
    const from = this.#sized(bytes, "SpscRingBuffer.write");
    return this.#put(from, this.writeLock());
  }

  async writeAsync(bytes: ArrayBufferView | ArrayBufferLike, options?: LockAsyncOptions): Promise<boolean> {
    const from = this.#sized(bytes, "SpscRingBuffer.writeAsync");
    return this.#put(from, await this.writeLockAsync(options));
  }

  /**
   * Up to `count` neighbouring slots to write to, as one array: waits until there is at least one. The memory ends where
   * the ring begins anew, so there may be fewer than are free. Throws as `writeLock`.
   */
  reserve(count: number, options?: LockOptions): Bytes | undefined {
    return this.core.several(waitForSlot(this.#toReserve(count, "SpscRingBuffer.reserve"), options));
  }

  async reserveAsync(count: number, options?: LockAsyncOptions): Promise<Bytes | undefined> {
    return this.core.severalLater(this.#toReserve(count, "SpscRingBuffer.reserveAsync"), options);
  }

  /** As `reserve`, or undefined when no slot is free now. */
  tryReserve(count: number): Bytes | undefined {
    return this.core.several(this.core.now(this.#toReserve(count, "SpscRingBuffer.tryReserve")));
  }

  /** Publishes the first `count` reserved slots at once. @throws StateError `not_locked` */
  commit(count: number): void {
    const op = "SpscRingBuffer.commit";
    checkInteger(count, "count", op, 0, again);
    check(native.mr_ring_commit(this.slot, this.generation, count), op);
  }

  #sized(bytes: ArrayBufferView | ArrayBufferLike, op: string): Uint8Array {
    const from = bytesOf(bytes);
    if (from.byteLength === this.bufferSize) return from;
    throw makeError("wrong_size", { op, message: `${from.byteLength} bytes for slots of ${this.bufferSize}.` });
  }

  #put(from: Uint8Array, slot: Bytes | undefined): boolean {
    if (slot === undefined) return false;
    slot.set(from);
    this.writeComplete();
    return true;
  }

  #toWrite(op: string): Wanted {
    return this.core.wanted(producer, op, () => native.mr_ring_writeLock(this.slot, this.generation));
  }

  #toReserve(count: number, op: string): Wanted {
    checkInteger(count, "count", op, 1, again);
    return this.core.wanted(producer, op, () => native.mr_ring_reserve(this.slot, this.generation, count) || again);
  }
}

switchable("SpscRingBuffer", RingWriting);

import { NativeBuffer } from "../native/buffer.ts";
import type { ElementType, TypedArray } from "../tensor/index.ts";

const alignment = 64;
/** Entries that do not fit get memory of their own. */
const bytesMax = 16 * 1024 * 1024;

export interface Place {
  readonly memory: NativeBuffer;
  readonly offset: number;
}

/**
 * Native memory of a queue for what comes from and goes to JavaScript's heap, given out and taken back in the order of the
 * entries. Made on first use.
 */
export class Arena {
  readonly #capacity: number;
  readonly #type: ElementType;
  /** By entry, modulo the length: the position behind it. Positions only grow; modulo the capacity they are places. */
  readonly #ends: Float64Array;
  #head = 0;
  #tail = 0;
  #memory: NativeBuffer | undefined;
  // Kept: a view for each copy would cost more than a small copy.
  #bytes: Uint8Array | undefined;
  #elements: TypedArray | undefined;

  /** @param records the most entries that are of interest at once. */
  constructor(entries: number, records: number, entryBytes: number, type: ElementType) {
    this.#capacity = Math.min(Math.max(entries * aligned(entryBytes), alignment), bytesMax);
    this.#type = type;
    this.#ends = new Float64Array(records);
  }

  /** Where `size` bytes may be put; undefined: nowhere now. `commit` makes them the next entry's. */
  place(size: number): Place | undefined {
    const start = this.#start(size);
    if (start === undefined) return undefined;
    this.#memory ??= NativeBuffer.create(this.#capacity, "QueueManager");
    return { memory: this.#memory, offset: start % this.#capacity };
  }

  /** Copies bytes, or elements of the queue's type, to a place. */
  copyIn(offset: number, from: TypedArray): void {
    this.#look();
    if (from instanceof Uint8Array) this.#bytes!.set(from, offset);
    else (this.#elements as Float32Array).set(from as Float32Array, offset / this.#type.size);
  }

  copyOut(offset: number, to: Uint8Array): void {
    this.#look();
    to.set(this.#bytes!.subarray(offset, offset + to.byteLength));
  }

  /** Entry number `entry` has `size` bytes here, where `place` said; 0: none. */
  commit(entry: number, size: number): void {
    if (size > 0) this.#head = this.#start(size)! + aligned(size);
    this.#ends[entry % this.#ends.length] = this.#head;
  }

  /** The first `count` entries need theirs no more. */
  release(count: number): void {
    if (count > 0) this.#tail = this.#ends[(count - 1) % this.#ends.length]!;
  }

  reset(): void {
    this.#head = 0;
    this.#tail = 0;
  }

  close(): void {
    this.#memory?.close();
  }

  #look(): void {
    const { buffer } = this.#memory!;
    if (this.#bytes?.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#elements = new this.#type.arrayType(buffer);
  }

  #start(size: number): number | undefined {
    const length = aligned(size);
    const left = this.#capacity - (this.#head % this.#capacity);
    const start = length <= left ? this.#head : this.#head + left;
    return start + length - this.#tail <= this.#capacity ? start : undefined;
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

import type { DArray } from "../cuda/index.ts";
import { off } from "../native/switches.ts";
import type { DType } from "../tensor/index.ts";
import type { Source } from "./form.ts";
import type { Storage } from "./storage.ts";

/**
 * One buffer: elements side by side in a storage. A storage that is larger than the buffer lets it slide, so that the
 * oldest elements can be dropped without moving the others each time.
 */
export class Half<D extends DType = DType> {
  readonly storage: Storage<D>;
  readonly capacity: number;
  /** Elements in it. */
  count = 0;
  /** The consumer was told of it, full or not, since it was last emptied. */
  delivered = false;
  /** Batches that were taken and not given back. */
  leases = 0;
  /** Promises of hooks that were handed this buffer and are pending. */
  promises = 0;
  /** Another number each time that its contents were given up: what was promised about them before concerns nobody. */
  epoch = 0;
  readonly #slots: number;
  #start = 0;

  constructor(storage: Storage<D>, capacity: number, slots: number) {
    this.storage = storage;
    this.capacity = capacity;
    this.#slots = slots;
  }

  get full(): boolean {
    return this.count === this.capacity;
  }

  get remaining(): number {
    return this.capacity - this.count;
  }

  /** Somebody reads it. */
  get busy(): boolean {
    return this.leases > 0 || this.promises > 0;
  }

  /** Makes sure that `count` elements can be written behind those that it has. */
  reserve(count: number): void {
    if (this.#start + this.count + count <= this.#slots) return;
    // The storage holds two buffers: the place at its beginning cannot overlap what moves there.
    this.storage.move(this.#start, 0, this.count);
    this.#start = 0;
  }

  /** Writes elements `behind` places behind those that it has; they are its own once `count` says so. */
  write(behind: number, source: Source, first: number, count: number): void {
    this.storage.write(this.#start + this.count + behind, source, first, count);
  }

  dropOldest(count: number): void {
    this.#start += count;
    this.count -= count;
    if (this.count === 0) this.#start = 0;
  }

  /** Without a value the memory keeps what it holds. */
  empty(): void {
    this.count = 0;
    this.#start = 0;
    this.delivered = false;
    this.giveUp();
  }

  /** Its contents are somebody else's affair now. */
  giveUp(): void {
    this.promises = 0;
    this.epoch++;
  }

  fill(value: number | bigint | boolean): void {
    this.storage.fill(off("flush_value") ? 0 : value, this.capacity);
    this.empty();
  }

  view(count: number): DArray<D> {
    return this.storage.view(this.#start, count);
  }
}

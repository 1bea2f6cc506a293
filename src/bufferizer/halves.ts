import type { DType } from "../tensor/index.ts";
import { Batch } from "./batch.ts";
import { Half } from "./half.ts";
import type { Storage } from "./storage.ts";

/** The buffers of a bufferizer: one is filled, the others are with consumers or wait for their turn. */
export class Halves<D extends DType = DType> {
  readonly #make: () => Half<D>;
  readonly #count: number;
  /** A batch was given back. */
  readonly #returned: () => void;
  #all: Half<D>[];
  #current: Half<D> | undefined;

  constructor(
    form: { readonly count: number; readonly capacity: number; readonly slots: number },
    allocate: () => Storage<D>,
    returned: () => void,
  ) {
    this.#make = () => new Half(allocate(), form.capacity, form.slots);
    this.#count = form.count;
    this.#returned = returned;
    this.#all = this.#makeAll();
    this.#current = this.#all[0];
  }

  /** The one that is filled; undefined while all memory is with consumers. */
  get current(): Half<D> | undefined {
    this.#current ??= this.#turnTo(this.#free());
    return this.#current;
  }

  get closed(): boolean {
    return this.#all.length === 0;
  }

  /** Whether a second one could be filled now. */
  get hasSpare(): boolean {
    return this.#free() !== undefined;
  }

  /** Leaves the current one to whoever reads it, and fills another. False when there is none. */
  swap(): boolean {
    const next = this.#free();
    if (next === undefined) return false;
    this.#current = this.#turnTo(next);
    return true;
  }

  /** What the current one holds, which leaves the bufferizer until the batch is closed. */
  take(half: Half<D>): Batch<D> {
    const batch = new Batch(half, () => {
      if (half.leases === 0 && !this.#all.includes(half)) half.storage.close();
      this.#returned();
    });
    half.giveUp();
    this.#current = undefined;
    return batch;
  }

  /** New memory in place of the old, which lives as long as somebody looks at it. */
  replace(): void {
    const fresh = this.#makeAll();
    this.close();
    this.#all = fresh;
    this.#current = fresh[0];
  }

  close(): void {
    const all = this.#all;
    this.#all = [];
    this.#current = undefined;
    for (const half of all) if (half.leases === 0) half.storage.close();
  }

  #free(): Half<D> | undefined {
    return this.#all.find((half) => half !== this.#current && !half.busy);
  }

  #turnTo(half: Half<D> | undefined): Half<D> | undefined {
    half?.empty();
    return half;
  }

  #makeAll(): Half<D>[] {
    const made: Half<D>[] = [];
    try {
      for (let i = 0; i < this.#count; i++) made.push(this.#make());
    } catch (error) {
      for (const half of made) half.storage.close();
      throw error;
    }
    return made;
  }
}

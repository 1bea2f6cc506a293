import { LazyBuffer } from "../native/buffer.ts";
import { check } from "../native/check.ts";
import { native } from "../native/library.ts";
import type { RingHandle } from "./ring-handle.ts";

/** The slots of a ring as bytes. A view of a slot is made once and kept: locking one costs no allocation. */
export class RingSlots {
  readonly #size: number;
  readonly #lazy: LazyBuffer;
  readonly #views: Uint8Array<ArrayBuffer>[] = [];

  constructor(handle: RingHandle) {
    this.#size = handle.bufferSize;
    this.#lazy = new LazyBuffer(() => check(native.mr_ring_view(handle.slot, handle.generation), "SpscRingBuffer"));
  }

  get buffer(): ArrayBuffer {
    return this.#lazy.get();
  }

  /** One slot. */
  at(index: number): Uint8Array<ArrayBuffer> {
    const view = this.#views[index];
    // Length 0: the user has moved the buffer away; it is wrapped anew.
    return view !== undefined && view.length !== 0 ? view : this.#make(index);
  }

  /** Neighbouring slots. */
  range(first: number, count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#lazy.get(), first * this.#size, count * this.#size);
  }

  /** Views get length 0. */
  close(): void {
    this.#lazy.close();
    this.#views.length = 0;
  }

  #make(index: number): Uint8Array<ArrayBuffer> {
    const view = this.range(index, 1);
    this.#views[index] = view;
    return view;
  }
}

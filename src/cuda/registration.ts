import { check } from "../native/check.ts";
import { block, native } from "../native/library.ts";

/**
 * Memory that is page-locked as long as this is open: copies to and from the GPU go without a detour, in every thread of the process.
 * The memory stays until then, also when it is released or closed meanwhile.
 */
export class Registration implements Disposable {
  /** Bytes of the whole pages that are locked. */
  readonly byteLength: number;
  /** Somebody else in this process had registered the memory before; it stays so until they end it. */
  readonly foreign: boolean;
  readonly #slot: number;
  readonly #generation: number;
  #closed = false;

  /** @internal Owns the handle that a call has just returned; its results are in the block. */
  constructor(slot: number) {
    this.#slot = slot;
    this.#generation = block.results[0]!;
    this.byteLength = block.results[1]!;
    this.foreign = block.results[2] === 1;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Unlocks the pages, if this was the last registration of them, when the GPU has done what uses them. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    check(native.mr_cuda_host_unregister(this.#slot, this.#generation), "Registration.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

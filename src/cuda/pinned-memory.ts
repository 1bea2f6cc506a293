import { NativeBuffer } from "../native/buffer.ts";
import { makeError } from "../native/error.ts";
import {
  ConstTensorMemoryView,
  type NativeRef,
  type RawMemory,
  rawBytes,
  registerNativeBuffer,
  TensorMemoryView,
  unregisterNativeBuffer,
} from "../tensor/index.ts";

/**
 * Page-locked memory of the host, zeroed: the GPU reads and writes it without the processor's help, and while it does JavaScript
 * goes on. Every call that takes native memory takes it; typed arrays over it go by reference.
 */
export class PinnedMemory implements Disposable, RawMemory {
  readonly byteLength: number;
  readonly memoryKind = "pinned";
  readonly #memory: NativeBuffer;
  #shown: ArrayBuffer | undefined;

  /** @internal Owns the handle that a call has just returned. */
  constructor(slot: number, byteLength: number) {
    this.byteLength = byteLength;
    this.#memory = NativeBuffer.adopt(slot, byteLength);
  }

  get closed(): boolean {
    return this.#memory.closed;
  }

  /** For native code. @throws StateError `closed` */
  get native(): NativeRef {
    return this.at(0);
  }

  /** A place in the memory. @throws StateError `closed` */
  at(byteOffset: number): NativeRef {
    this.#require("PinnedMemory.native");
    return { slot: this.#memory.slot, generation: this.#memory.generation, byteOffset };
  }

  /** The memory, in place, until it is closed. @throws StateError `closed` */
  bytes(): Uint8Array {
    this.#require("PinnedMemory.bytes");
    const { buffer } = this.#memory;
    if (buffer !== this.#shown) {
      const { slot, generation } = this.#memory;
      registerNativeBuffer(buffer, { slot, generation, byteOffset: 0, memoryKind: "pinned" });
      this.#shown = buffer;
    }
    return new Uint8Array(buffer);
  }

  /** To write and read, until it is closed. @throws StateError `closed` */
  getView(): TensorMemoryView {
    return new TensorMemoryView(this.bytes());
  }

  /** To read, until it is closed. @throws StateError `closed` */
  getConstView(): ConstTensorMemoryView {
    return new ConstTensorMemoryView(this.bytes());
  }

  /** Gives the memory back, when the GPU has done what was asked of it. Views get length 0. Twice is fine. */
  close(): void {
    if (this.#shown !== undefined) unregisterNativeBuffer(this.#shown);
    this.#shown = undefined;
    this.#memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get [rawBytes](): Uint8Array {
    return this.bytes();
  }

  #require(op: string): void {
    if (this.closed)
      throw makeError("closed", { op, message: `${this.byteLength} bytes of pinned memory were closed.` });
  }
}

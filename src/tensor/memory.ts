import { NativeBuffer } from "../native/buffer.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { ConstTensorMemoryView, TensorMemoryView } from "./memory-view.ts";
import { registerNativeBuffer, unregisterNativeBuffer } from "./native-buffer-registry.ts";
import { type RawMemory, rawBytes } from "./raw-bytes.ts";

/**
 * Native memory for a tensor, zeroed, shared by reference count. Each `TensorMemory` is one reference: close it, or
 * declare it with `using`; the memory goes with the last one. Passed to a model it goes by reference, without a copy.
 *
 * ```ts
 * using logits = new TensorMemory(4 * 10);
 * await runner.executeAsync({ image }, { outputs: { logits } });
 * show(logits.getView().as("float32"));
 * ```
 */
export class TensorMemory implements Disposable, RawMemory {
  #native: NativeBuffer | undefined;
  #closed = false;
  #shown: ArrayBuffer | undefined;

  /**
   * @param dataSizeBytes size of the memory; 0, the default, is no memory.
   * @throws ArgumentError `invalid_argument` (negative, fractional), `too_large` (4 GiB and more); CapacityError
   * `out_of_memory`, `too_many_mappings`.
   */
  constructor(dataSizeBytes = off("tensor_memory_default") ? 8 : 0) {
    if (off("tensor_memory_size")) return;
    if (dataSizeBytes !== 0) this.#native = NativeBuffer.create(dataSizeBytes, "TensorMemory");
  }

  /** 0 after `close`. */
  get dataSizeBytes(): number {
    return this.#native?.byteLength ?? 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The memory, to write and read, until this `TensorMemory` is closed.
   * @throws StateError `closed`.
   */
  getView(): TensorMemoryView {
    return new TensorMemoryView(this.#bytes("TensorMemory.getView"));
  }

  /**
   * The memory, to read, until this `TensorMemory` is closed.
   * @throws StateError `closed`.
   */
  getConstView(): ConstTensorMemoryView {
    return new ConstTensorMemoryView(this.#bytes("TensorMemory.getConstView"));
  }

  /**
   * Another owner of the same memory, to be closed on its own: the seed's copy of its `shared_ptr`.
   * @throws StateError `closed`; CapacityError `out_of_handles`.
   */
  share(): TensorMemory {
    this.#requireOpen("TensorMemory.share");
    const other = new TensorMemory();
    other.#native = this.#native?.share();
    return other;
  }

  /** Gives this reference back: views made here get length 0. Closing twice is fine. */
  close(): void {
    this.#closed = true;
    const native = this.#native;
    this.#native = undefined;
    // A buffer that something pins (a file call in flight) outlives this; its views are then ordinary memory.
    if (this.#shown !== undefined) unregisterNativeBuffer(this.#shown);
    this.#shown = undefined;
    native?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get [rawBytes](): Uint8Array {
    return this.#bytes("TensorMemory");
  }

  #bytes(op: string): Uint8Array {
    this.#requireOpen(op);
    if (this.#native === undefined) return new Uint8Array(0);
    const { buffer, slot, generation } = this.#native;
    if (buffer !== this.#shown) {
      registerNativeBuffer(buffer, { slot, generation, byteOffset: 0, memoryKind: "host" });
      this.#shown = buffer;
    }
    return new Uint8Array(buffer);
  }

  #requireOpen(op: string): void {
    if (this.#closed) throw makeError("closed", { op, message: "the tensor memory was closed." });
  }
}

switchable("TensorMemory", TensorMemory);

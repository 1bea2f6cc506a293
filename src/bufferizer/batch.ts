import type { DArray, DeviceMemory, Stream } from "../cuda/index.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { DType, MemoryKind, NativeRef, TensorMemory, TensorSource } from "../tensor/index.ts";
import type { Half } from "./half.ts";

/**
 * What was taken of a bufferizer: its elements, in place, without a copy. Their memory is the holder's until `close` (or
 * the end of a `using` block), which gives it back to be filled again; let whatever reads it end first. Pass it to
 * `ModelRunner` as it is.
 */
export class Batch<D extends DType = DType> implements TensorSource<D>, Disposable {
  readonly dtype: D;
  /** Elements first: `[n, …]`. */
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly memoryKind: MemoryKind;
  /** In whose order it was filled: what reads it on another waits for this one. Undefined on the host. */
  readonly stream: Stream | undefined;
  readonly #half: Half<D>;
  readonly #view: DArray<D>;
  readonly #closed: () => void;
  #open = true;

  /** @internal Takes what `half` holds; `closed` is called once it is given back. */
  constructor(half: Half<D>, closed: () => void) {
    const view = half.view(half.count);
    half.leases++;
    this.dtype = view.dtype;
    this.shape = view.shape;
    this.byteLength = view.byteLength;
    this.memoryKind = view.memoryKind;
    this.stream = view.stream;
    this.#half = half;
    this.#view = view;
    this.#closed = closed;
  }

  /** Elements. */
  get length(): number {
    return this.shape[0]!;
  }

  get closed(): boolean {
    return !this.#open;
  }

  /**
   * The memory as an array, until `close`.
   * @throws StateError `closed`
   */
  get darray(): DArray<D> {
    return this.#require("Batch.darray");
  }

  /**
   * The memory that the elements lie in. Borrowed: closing it is the bufferizer's business.
   * @throws StateError `closed`
   */
  get allocation(): TensorMemory | DeviceMemory {
    this.#require("Batch.allocation");
    return this.#half.storage.allocation;
  }

  get native(): NativeRef | undefined {
    return off("batch_native") ? undefined : this.#require("Batch.native").native;
  }

  /** @throws StateError `closed`, and what `DArray.bytes` throws of a device's memory */
  bytes(): Uint8Array {
    return this.#require("Batch.bytes").bytes();
  }

  /** Gives the memory back. Twice is fine. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#view[Symbol.dispose]();
    if (!off("batch_close")) this.#half.leases--;
    this.#closed();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #require(op: string): DArray<D> {
    if (this.#open) return this.#view;
    throw makeError("closed", { op, message: "the batch was given back." });
  }
}

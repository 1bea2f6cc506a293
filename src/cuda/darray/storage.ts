import { makeError } from "../../native/error.ts";
import { native } from "../../native/library.ts";
import {
  isRawMemory,
  isTensorSource,
  type MemoryKind,
  type NativeRef,
  nativeOwnerOf,
  type RawMemory,
  rawBytes,
  TensorMemory,
  type TensorSource,
} from "../../tensor/index.ts";
import type { DeviceMemory } from "../device-memory.ts";
import type { Stream } from "../stream.ts";

/** What an array can lie in: native memory of the host (pinned too), or memory of a device. */
export type Allocation = TensorMemory | RawMemory | DeviceMemory;

/** Frees what nobody disposed. Holds numbers only: whatever it held of the memory would never be collected. */
const forgotten = new FinalizationRegistry<{ slot: number; generation: number; device: boolean }>((handle) => {
  const close = handle.device ? native.mr_cuda_memory_close : native.mr_memory_close;
  close(handle.slot, handle.generation);
});

/** A typed array over an array's memory, or the allocation behind it, keeps that memory, though the array is gone. */
const keepers = new WeakMap<object, Storage>();

/**
 * Memory that arrays and their views share. Its own memory goes with the last array that is disposed, or with the garbage
 * collector's help when nobody disposes them; borrowed memory stays its owner's.
 */
export class Storage {
  readonly allocation: Allocation | TensorSource;
  readonly byteLength: number;
  readonly memoryKind: MemoryKind;
  /** Somebody's tensor, which is for reading. */
  readonly readOnly: boolean;
  readonly #owned: boolean;
  #reference: NativeRef | undefined;
  #arrays = 0;

  private constructor(allocation: Allocation | TensorSource, owned: boolean, op: string) {
    this.allocation = allocation;
    this.#owned = owned;
    this.readOnly =
      !isRawMemory(allocation) && (isTensorSource(allocation) || ("readOnly" in allocation && allocation.readOnly));
    if (isRawMemory(allocation)) {
      this.byteLength = allocation[rawBytes].byteLength;
      this.memoryKind = nativeOwnerOf(allocation[rawBytes])?.memoryKind ?? "host";
    } else {
      this.byteLength = allocation.byteLength;
      this.memoryKind = allocation.memoryKind;
    }
    if (!owned) return;
    keepers.set(allocation, this);
    if (isRawMemory(allocation) && this.byteLength > 0) keepers.set(allocation[rawBytes].buffer, this);
    const { slot, generation } = this.native(op);
    forgotten.register(this, { slot, generation, device: this.memoryKind === "device" }, this);
  }

  /** Zeroed on the host, with any contents on a device. */
  static own(byteLength: number, stream: Stream | undefined, op: string): Storage {
    // At least one byte, so that an array without elements has a handle too.
    const size = Math.max(byteLength, 1);
    return new Storage(
      stream === undefined ? new TensorMemory(size) : stream.device.allocate(size, { stream }),
      true,
      op,
    );
  }

  /**
   * Memory of somebody else, who keeps it open as long as the arrays are used.
   *
   * @throws ArgumentError `invalid_argument` when it is no native memory; StateError `closed`
   */
  static borrow(allocation: Allocation | TensorSource, op: string): Storage {
    const kept = keepers.get(allocation);
    if (kept !== undefined) return kept;
    const storage = new Storage(allocation, false, op);
    storage.native(op);
    return storage;
  }

  /** Where the memory is for native calls; its owner may have closed it. Looking it up takes longer than a small kernel. */
  native(op: string): NativeRef {
    const { closed, released } = this.allocation as { readonly closed?: boolean; readonly released?: boolean };
    if (this.#reference !== undefined && closed !== true && released !== true) return this.#reference;
    this.#reference = this.#find(op);
    return this.#reference;
  }

  #find(op: string): NativeRef {
    const { allocation } = this;
    const reference = isRawMemory(allocation) ? nativeOwnerOf(allocation[rawBytes]) : allocation.native;
    if (reference !== undefined) return reference;
    throw makeError("invalid_argument", {
      op,
      message: "the memory is on JavaScript's heap.",
      hint: "Pass a TensorMemory or memory of a device, or copy the values: DArray.from(values).",
    });
  }

  /** The bytes in place; of host memory only. */
  bytes(): Uint8Array {
    const { allocation } = this;
    return isRawMemory(allocation) ? allocation[rawBytes] : (allocation as TensorSource).bytes();
  }

  /** Whether both show the same memory, as far as handles tell. */
  isSame(other: Storage, op: string): boolean {
    if (this === other || this.allocation === other.allocation) return true;
    const [mine, theirs] = [this.native(op), other.native(op)];
    return mine.slot === theirs.slot && mine.generation === theirs.generation;
  }

  retain(): this {
    this.#arrays++;
    return this;
  }

  release(): void {
    this.#arrays--;
    if (this.#arrays > 0 || !this.#owned) return;
    forgotten.unregister(this);
    (this.allocation as Disposable)[Symbol.dispose]();
  }
}

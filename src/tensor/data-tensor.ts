import type { DType } from "./dtype.ts";
import { nativeOwnerOf } from "./native-buffer-registry.ts";
import type { Shape } from "./shape.ts";
import type { MemoryKind, NativeRef, TensorSource } from "./source.ts";

/** A tensor over bytes that somebody else owns, checked by whoever makes it. Finds out whether the memory is native. */
export class DataTensor implements TensorSource {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly byteLength: number;
  readonly memoryKind: MemoryKind;
  readonly native: NativeRef | undefined;
  readonly #bytes: Uint8Array;

  constructor(dtype: DType, shape: Shape, bytes: Uint8Array) {
    const owner = nativeOwnerOf(bytes);
    this.dtype = dtype;
    this.shape = shape;
    this.byteLength = bytes.byteLength;
    this.memoryKind = owner?.memoryKind ?? "host";
    this.native = owner && { slot: owner.slot, generation: owner.generation, byteOffset: owner.byteOffset };
    this.#bytes = bytes;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }
}

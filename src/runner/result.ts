import { makeError } from "../native/error.ts";
import {
  type DType,
  elementTypes,
  type MemoryKind,
  type Shape,
  type TensorSource,
  type TypedArrayOf,
} from "../tensor/index.ts";

/**
 * An output of a model. The garbage collector frees it; `using`, or `[Symbol.dispose]()`, returns its memory early.
 */
export class ResultTensor<D extends DType = DType> implements TensorSource<D>, Disposable {
  readonly dtype: D;
  readonly shape: Shape;
  readonly byteLength: number;
  readonly memoryKind: MemoryKind = "host";
  #data: TypedArrayOf<D> | undefined;
  readonly #owned: boolean;

  /** `owned`: the array's buffer is native memory of this tensor alone, and is detached when it is disposed. */
  constructor(dtype: D, shape: Shape, data: TypedArrayOf<D>, owned: boolean) {
    this.dtype = dtype;
    this.shape = shape;
    this.byteLength = data.byteLength;
    this.#data = data;
    this.#owned = owned;
  }

  /**
   * The elements in row-major order, in the array type of `dtype`: bfloat16 as bit patterns in a `Uint16Array`, bool
   * and the 8-bit floats as bytes.
   *
   * @throws StateError `closed` after it was disposed
   */
  get data(): TypedArrayOf<D> {
    if (this.#data !== undefined) return this.#data;
    throw makeError("closed", { op: "ResultTensor.data", message: "the result was disposed." });
  }

  bytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  [Symbol.dispose](): void {
    const data = this.#data;
    this.#data = undefined;
    if (!this.#owned || data === undefined) return;
    const buffer = data.buffer as ArrayBuffer;
    if (!buffer.detached) buffer.transfer(0);
  }
}

/** A typed array over `byteLength` bytes of `buffer`, as elements of `dtype`. */
export function arrayOver<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  byteLength: number,
): TypedArrayOf<D> {
  const { arrayType, size } = elementTypes[dtype];
  return new arrayType(buffer, byteOffset, byteLength / size) as TypedArrayOf<D>;
}

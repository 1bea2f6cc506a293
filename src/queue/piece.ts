import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import {
  asTensor,
  bytesOf,
  ConstTensorMemoryView,
  type DType,
  elementTypes,
  isTensorSource,
  type NativeRef,
  nativeOwnerOf,
  type TypedArray,
} from "../tensor/index.ts";

// The internal slot's name, which no subclass and no test environment can change.
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get as () => string | undefined;

/** Memory for one entry. */
export interface Piece {
  /** Bytes. */
  readonly size: number;
  readonly samples: number;
  /** Elements of the queue's type, or bytes; only looked at when `native` is undefined. */
  readonly array: TypedArray;
  readonly native: NativeRef | undefined;
}

/** Finds out what a user gave: a whole number of samples of one element type, from JavaScript's heap or native. */
export class Cutter {
  readonly #dtype: DType;
  readonly #arrayName: string;
  readonly #sampleBytes: number;

  constructor(dtype: DType, sampleBytes: number) {
    this.#dtype = dtype;
    this.#arrayName = elementTypes[dtype].arrayType.name;
    this.#sampleBytes = sampleBytes;
  }

  /**
   * @param dataSize bytes to use; 0: all.
   * @throws ArgumentError `wrong_size`, `wrong_dtype`, `invalid_argument`, `out_of_bounds`; StateError `closed`
   */
  input(data: unknown, dataSize: number, op: string): Piece {
    if (kindOf.call(data as never) === this.#arrayName && dataSize === 0) {
      const array = data as TypedArray;
      if (nativeOwnerOf(array) === undefined && array.byteLength > 0) {
        return { size: array.byteLength, samples: this.#samples(array.byteLength, op), array, native: undefined };
      }
    }
    if (data === undefined || data === null) throw makeError("invalid_argument", { op, message: "there is no data." });
    const source = asTensor(data as TypedArray, { dtype: this.#dtype, op });
    const reference = off("queue_reference") ? undefined : source.native;
    const bytes = reference === undefined ? source.bytes() : undefined;
    return this.#piece(bytes, reference, source.byteLength, dataSize, op);
  }

  /** @throws as `input`; `invalid_argument` for tensors that are for reading. */
  output(data: unknown, dataSize: number, op: string): Piece {
    if ((isTensorSource(data) || data instanceof ConstTensorMemoryView) && !off("output_for_writing")) {
      throw makeError("invalid_argument", {
        op,
        message: "the tensor is for reading.",
        hint: "Pass its map(), a TensorMemory, or a typed array.",
      });
    }
    if (kindOf.call(data as never) === this.#arrayName && dataSize === 0) {
      const array = data as TypedArray;
      const native = nativeOwnerOf(array);
      if (array.byteLength > 0) return this.#piece(bytesOf(array), native, array.byteLength, 0, op);
    }
    if (data === undefined || data === null) throw makeError("invalid_argument", { op, message: "there is no data." });
    const target = asTensor(data as TypedArray, { dtype: this.#dtype, op });
    return this.#piece(target.bytes(), target.native, target.byteLength, dataSize, op);
  }

  #piece(
    bytes: Uint8Array | undefined,
    native: NativeRef | undefined,
    available: number,
    dataSize: number,
    op: string,
  ): Piece {
    if (!Number.isInteger(dataSize) || dataSize < 0 || dataSize > available) {
      throw makeError("out_of_bounds", { op, message: `dataSize is ${dataSize}, the memory has ${available} bytes.` });
    }
    const size = dataSize === 0 || off("queue_data_size") ? available : dataSize;
    const array = bytes === undefined ? new Uint8Array(0) : bytes.subarray(0, size);
    return { size, samples: this.#samples(size, op), array, native };
  }

  #samples(size: number, op: string): number {
    const samples = size / this.#sampleBytes;
    if (size > 0 && (Number.isInteger(samples) || off("whole_samples"))) return samples;
    throw makeError("wrong_size", {
      op,
      message: `${size} bytes are no whole number of samples of ${this.#sampleBytes} bytes.`,
    });
  }
}

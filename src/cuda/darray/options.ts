import type { DType, TensorInput, TypedArray } from "../../tensor/index.ts";
import type { Stream } from "../stream.ts";
import type { HasPart } from "./part.ts";
import type { Allocation } from "./storage.ts";

export interface DArrayOptions<D extends DType = DType> {
  /** Axis sizes, outermost first; `[]` is a scalar. Default: the shape of `array`. */
  readonly shape?: readonly number[] | undefined;
  /** Default: the element type of `array`, else `"float32"`. */
  readonly dtype?: D | undefined;
  /** The stream that orders all work on the array, which then lies on its device. Without: host memory, and the calling thread. */
  readonly stream?: Stream | undefined;
  /** Values, which are copied: anything that is a tensor, or another array on whatever device. */
  readonly array?: TensorInput<D> | HasPart<D> | undefined;
  /** Memory to lie in, which stays its owner's; without it the array has its own. */
  readonly allocation?: Allocation | undefined;
  /** Bytes from the start of `allocation` to the element whose indices are all 0; a multiple of the element size. */
  readonly byteOffset?: number | undefined;
  /** Elements (not bytes) to step along each axis of `allocation`; negative and 0 too. Default: row-major. */
  readonly strides?: readonly number[] | undefined;
}

export interface PlaceOptions<D extends DType = DType> {
  readonly dtype?: D | undefined;
  readonly stream?: Stream | undefined;
}

interface Naturals {
  Uint8Array: "uint8";
  Uint8ClampedArray: "uint8";
  Uint16Array: "uint16";
  Uint32Array: "uint32";
  BigUint64Array: "uint64";
  Int8Array: "int8";
  Int16Array: "int16";
  Int32Array: "int32";
  BigInt64Array: "int64";
  Float16Array: "float16";
  Float32Array: "float32";
  Float64Array: "float64";
}

/** The element type that a typed array has by itself. */
export type NaturalDType<A extends TypedArray> = Naturals[A[typeof Symbol.toStringTag]];

/** Where a result goes: a new array without it. It may be an operand, which is how to work in place. */
export interface DstOptions<T> {
  readonly dst?: T | undefined;
}

/**
 * Element types by their canonical names: NumPy's, and those of the ml_dtypes package for what NumPy lacks.
 * `"float32"` and `DType.float32` are the same value.
 */
export const DType = {
  bool: "bool",
  uint8: "uint8",
  uint16: "uint16",
  uint32: "uint32",
  uint64: "uint64",
  int8: "int8",
  int16: "int16",
  int32: "int32",
  int64: "int64",
  float16: "float16",
  bfloat16: "bfloat16",
  float32: "float32",
  float64: "float64",
  float8_e4m3fn: "float8_e4m3fn",
  float8_e5m2: "float8_e5m2",
  float8_e4m3fnuz: "float8_e4m3fnuz",
  float8_e5m2fnuz: "float8_e5m2fnuz",
} as const;

export type DType = (typeof DType)[keyof typeof DType];

/** The typed array that holds elements of each type; where JavaScript has none, the unsigned array of the same width. */
interface TypedArrays {
  /** One byte each: 0 is false, anything else true. */
  bool: Uint8Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  float16: Float16Array;
  /** Bit patterns. */
  bfloat16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  /** Bit patterns, as in the other three 8-bit floats. */
  float8_e4m3fn: Uint8Array;
  float8_e5m2: Uint8Array;
  float8_e4m3fnuz: Uint8Array;
  float8_e5m2fnuz: Uint8Array;
}

/** `TypedArrayOf<"float32">` is `Float32Array`; bool and the 8-bit floats are bytes, bfloat16 is `Uint16Array`. */
export type TypedArrayOf<D extends DType = DType> = TypedArrays[D];

/** Any typed array whose elements Millrace can name. */
export type TypedArray = TypedArrayOf | Uint8ClampedArray;

export interface TypedArrayConstructor<A> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
}

import { DType, type TypedArrayConstructor, type TypedArrayOf } from "./dtype.ts";

/** What is known about one element type. */
export interface ElementType<D extends DType = DType> {
  /** Canonical name. */
  readonly name: D;
  /** Bytes of one element. */
  readonly size: number;
  /** ONNX's `TensorProto.DataType`; also what crosses to the native side. */
  readonly code: number;
  /** NumPy's type string (`dtype.str`), or the ml_dtypes name where NumPy has no type of its own. */
  readonly numpy: string;
  /** PopEF's `DataType`; undefined where PopEF has none. */
  readonly popef: string | undefined;
  /** ONNX's `TensorProto.DataType` name. */
  readonly onnx: string;
  /** The primitive of Clara's pipeline definitions; undefined where Clara has none. */
  readonly clara: string | undefined;
  /** Constructor of the array that holds elements of this type. */
  readonly arrayType: TypedArrayConstructor<TypedArrayOf<D>>;
}

type Row = readonly [
  size: number,
  code: number,
  numpy: string,
  popef: string | undefined,
  onnx: string,
  clara?: string,
];

const rows: Record<DType, Row> = {
  bool: [1, 9, "|b1", "BOOL", "BOOL"],
  uint8: [1, 2, "|u1", "U8", "UINT8", "u8"],
  uint16: [2, 4, "<u2", "U16", "UINT16", "u16"],
  uint32: [4, 12, "<u4", "U32", "UINT32", "u32"],
  uint64: [8, 13, "<u8", "U64", "UINT64", "u64"],
  int8: [1, 3, "|i1", "S8", "INT8", "i8"],
  int16: [2, 5, "<i2", "S16", "INT16", "i16"],
  int32: [4, 6, "<i4", "S32", "INT32", "i32"],
  int64: [8, 7, "<i8", "S64", "INT64", "i64"],
  float16: [2, 10, "<f2", "F16", "FLOAT16", "f16"],
  bfloat16: [2, 16, "bfloat16", undefined, "BFLOAT16"],
  float32: [4, 1, "<f4", "F32", "FLOAT", "f32"],
  float64: [8, 11, "<f8", "F64", "DOUBLE", "f64"],
  float8_e4m3fn: [1, 17, "float8_e4m3fn", undefined, "FLOAT8E4M3FN"],
  float8_e5m2: [1, 19, "float8_e5m2", undefined, "FLOAT8E5M2"],
  float8_e4m3fnuz: [1, 18, "float8_e4m3fnuz", "F8143", "FLOAT8E4M3FNUZ"],
  float8_e5m2fnuz: [1, 20, "float8_e5m2fnuz", "F8152", "FLOAT8E5M2FNUZ"],
};

const arrayTypes: { readonly [D in DType]: TypedArrayConstructor<TypedArrayOf<D>> } = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Float16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  float8_e4m3fn: Uint8Array,
  float8_e5m2: Uint8Array,
  float8_e4m3fnuz: Uint8Array,
  float8_e5m2fnuz: Uint8Array,
};

function describe<D extends DType>(name: D): ElementType<D> {
  const [size, code, numpy, popef, onnx, clara] = rows[name];
  return Object.freeze({ name, size, code, numpy, popef, onnx, clara, arrayType: arrayTypes[name] });
}

/** Every element type by canonical name. */
export const elementTypes = Object.freeze(
  Object.fromEntries(Object.values(DType).map((name) => [name, describe(name)])),
) as { readonly [D in DType]: ElementType<D> };

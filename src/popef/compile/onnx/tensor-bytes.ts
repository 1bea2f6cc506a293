import { type DType, elementTypes, Shape } from "../../../tensor/index.ts";
import type { TensorProto } from "./proto.ts";

const dtypes = new Map(Object.values(elementTypes).map(({ code, name }) => [code, name]));

/** Our element type for a `TensorProto.DataType`; undefined for text, complex numbers and packed 4-bit types. */
export function dtypeOfCode(code: number): DType | undefined {
  return dtypes.get(code);
}

export function shapeOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

/** Bytes that the tensor's shape and type need; undefined if no tensor of ours holds it. */
export function byteSizeOf(tensor: TensorProto): number | undefined {
  const dtype = dtypeOfCode(tensor.dataType);
  if (dtype === undefined || tensor.dims.some((axis) => axis < 0n)) return undefined;
  return Shape.byteSize(dtype, shapeOf(tensor), "compileOnnx");
}

/**
 * The elements of a tensor that lies in the model, dense and little-endian; undefined if they are not as many as the
 * shape says, which the engine is left to complain about.
 */
export function bytesOf(tensor: TensorProto): Uint8Array | undefined {
  const size = byteSizeOf(tensor);
  if (size === undefined) return undefined;
  const { rawData } = tensor;
  const bytes = rawData?.length ? rawData : listed(tensor, dtypeOfCode(tensor.dataType)!);
  return bytes.length === size ? bytes : undefined;
}

/** Models may list elements one by one; those narrower than 32 bits stand in `int32_data` as bit patterns. */
function listed(tensor: TensorProto, dtype: DType): Uint8Array {
  const array = () => {
    switch (dtype) {
      case "float32":
        return Float32Array.from(tensor.floatData);
      case "float64":
        return Float64Array.from(tensor.doubleData);
      case "int64":
        return BigInt64Array.from(tensor.int64Data);
      case "uint64":
        return BigUint64Array.from(tensor.uint64Data);
      case "uint32":
        return Uint32Array.from(tensor.uint64Data, Number);
      default:
        return narrow[elementTypes[dtype].size]!.from(tensor.int32Data);
    }
  };
  const { buffer, byteOffset, byteLength } = array();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const narrow: { readonly [size: number]: typeof Uint8Array | typeof Uint16Array | typeof Int32Array } = {
  1: Uint8Array,
  2: Uint16Array,
  4: Int32Array,
};

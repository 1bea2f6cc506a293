import type { TypedArray } from "./dtype.ts";
import { elementTypes } from "./element-type.ts";
import type { TensorSource } from "./source.ts";

/** The elements of a tensor as the typed array of its element type, copied only when they are not aligned. */
export function elementsOf(source: TensorSource): TypedArray {
  const { arrayType, size } = elementTypes[source.dtype];
  const bytes = source.bytes();
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new arrayType(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size) as TypedArray;
}

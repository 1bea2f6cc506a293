import { switchable } from "../native/switches.ts";
import { type DType, elementType, elementTypes } from "../tensor/index.ts";

/**
 * Element types as PopEF names them. `F8143` and `F8152` are the FNUZ pair; plain `F8` is the older 8-bit float whose
 * format no file records.
 */
export const DataType = switchable("DataType", {
  BOOL: "BOOL",
  F8: "F8",
  F16: "F16",
  F32: "F32",
  F64: "F64",
  S8: "S8",
  U8: "U8",
  S16: "S16",
  U16: "U16",
  S32: "S32",
  U32: "U32",
  S64: "S64",
  U64: "U64",
  F8143: "F8143",
  F8152: "F8152",
} as const);
export type DataType = (typeof DataType)[keyof typeof DataType];

/** In the order of their numbers in a file. */
const names: readonly DataType[] = Object.freeze(Object.values(DataType));
const known: ReadonlySet<string> = new Set(names);

export function isDataType(value: unknown): value is DataType {
  return typeof value === "string" && known.has(value);
}

/** The canonical element type. `F8` is `"uint8"`: its bytes are passed through, never read as numbers. */
export function dtypeOfDataType(dataType: DataType): DType {
  return elementType(dataType).name;
}

/** What a file calls an element type; undefined where PopEF has no such type (bfloat16, and the OCP 8-bit floats). */
export function dataTypeOf(dtype: DType): DataType | undefined {
  const { popef } = elementTypes[dtype];
  return isDataType(popef) ? popef : undefined;
}

/** The number that a file stores, and back; undefined for a number that no type has. */
export function dataTypeNumber(dataType: DataType): number {
  return names.indexOf(dataType);
}
export function dataTypeOfNumber(number: number): DataType | undefined {
  return names[number];
}

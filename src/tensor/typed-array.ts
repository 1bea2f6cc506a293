import { makeError } from "../native/error.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { elementTypes } from "./element-type.ts";

// The getter reads the internal slot: subclasses, other realms and test environments that replace globals cannot
// change its answer.
const kindGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!.get!;

const natural: Readonly<Record<string, DType>> = {
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Float16Array: "float16",
  Float32Array: "float32",
  Float64Array: "float64",
};

/** `"Float32Array"` for one, whatever its subclass; undefined for what is not a typed array. */
export function typedArrayKind(value: unknown): string | undefined {
  return kindGetter.call(value) as string | undefined;
}

/**
 * The element type that a typed array has by itself: `Uint8Array` is `"uint8"` (never bool or an 8-bit float),
 * `Uint16Array` is `"uint16"` (never bfloat16).
 *
 * @throws ArgumentError `invalid_argument` for what is not a typed array.
 */
export function dtypeOf(array: TypedArray, op = "dtypeOf"): DType {
  const dtype = natural[typedArrayKind(array) ?? ""];
  if (dtype === undefined) {
    throw makeError("invalid_argument", {
      op,
      message: `${describeValue(array)} is not a typed array.`,
      hint: "Pass one.",
    });
  }
  return dtype;
}

/** Whether elements of `dtype` are held in an array of this kind: a `Uint8Array` holds uint8, bool and 8-bit floats. */
export function holds(array: TypedArray, dtype: DType): boolean {
  const kind = typedArrayKind(array);
  return kind === elementTypes[dtype].arrayType.name || (kind === "Uint8ClampedArray" && dtype === "uint8");
}

/** A few words for messages: what the value is, not all that it holds. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `${typeof value} ${String(value).slice(0, 40)}`;
  const kind = typedArrayKind(value) ?? Object.prototype.toString.call(value).slice(8, -1);
  const length: unknown = (value as { length?: unknown }).length;
  return typeof length === "number" ? `${kind}(${length})` : kind;
}

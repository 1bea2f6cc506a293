import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import { type DType, elementType } from "../tensor/index.ts";

/** How an entry may be used: pipeline outputs are read and written, inputs only read. */
export const IOAccess = { ReadOnly: "readOnly", ReadWrite: "readWrite" } as const;
export type IOAccess = (typeof IOAccess)[keyof typeof IOAccess];

/** What a pipeline definition says of an input or output. A primitive is an array of one element. */
export interface EntryDeclaration {
  readonly name: string;
  /** `"array"`, `"string"`, `"stream"`, or a primitive such as `"float32"`. */
  readonly type: string;
  /** Of an array. */
  readonly elementType?: string | undefined;
  /** Of an array; -1 and 0 are dynamic. */
  readonly shape?: readonly number[] | undefined;
  /** Of a stream: where it lies on disk. */
  readonly path?: string | undefined;
}

/** A declaration with everything that follows from it. */
export interface EntryForm {
  readonly kind: "array" | "string" | "stream";
  readonly dtype: DType;
  /** As declared, dynamic axes as -1. */
  readonly shape: readonly number[];
  readonly dynamicShapeIndices: readonly number[];
}

export function formOf(declaration: EntryDeclaration, op: string): EntryForm {
  const { name, type } = declaration;
  if (type === "stream") return form("stream", "uint8", []);
  // The seed's `array<uint8>[-1]`.
  if (type === "string") return form(off("string_dynamic") ? "array" : "string", "uint8", [-1]);
  if (type !== "array") return form("array", elementType(type, op).name, off("primitive_one") ? [] : [1]);
  const { elementType: spelling, shape } = declaration;
  if (spelling === undefined || shape === undefined) {
    throw makeError("invalid_argument", { op, message: `the array "${name}" needs an elementType and a shape.` });
  }
  for (const [axis, size] of shape.entries()) {
    if (Number.isSafeInteger(size) && size >= -1) continue;
    throw makeError("invalid_shape", { op, message: `axis ${axis} of "${name}" is ${size}.` });
  }
  return form("array", off("element_type") ? (spelling as DType) : elementType(spelling, op).name, shape);
}

function form(kind: EntryForm["kind"], dtype: DType, shape: readonly number[]): EntryForm {
  const normal = shape.map((size) => (size === 0 && off("zero_dynamic") ? 1 : size <= 0 ? -1 : size));
  const dynamicShapeIndices = Object.freeze([...normal.keys()].filter((axis) => normal[axis] === -1));
  return Object.freeze({ kind, dtype, shape: Object.freeze(normal), dynamicShapeIndices });
}

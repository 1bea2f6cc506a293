import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import { type DType, elementType, Shape } from "../tensor/index.ts";

/** Side information of a publication: JSON, at most 4096 bytes of it. */
export type Attributes = { readonly [name: string]: unknown };

export const attributesBytesMax = 4096;

/** Element type and dimensions, checked against the memory that they describe. */
export function checkDescription(
  dtype: string,
  shape: readonly number[],
  sizeInBytes: number,
  op: string,
): { dtype: DType; shape: readonly number[] } {
  const type = elementType(dtype, op);
  const bytes = Shape.byteSize(type.name, shape, op);
  if (bytes > sizeInBytes && !off("description_fits")) {
    throw makeError("wrong_size", {
      op,
      message: `${type.name} ${Shape.format(shape)} needs ${bytes} bytes, the allocation has ${sizeInBytes}.`,
    });
  }
  return { dtype: type.name, shape: Object.freeze([...shape]) };
}

/** @throws `attributes_too_large`; `invalid_argument` for what JSON cannot say */
export function encodeAttributes(attributes: Attributes, op: string): string {
  const text = toJson(attributes, op);
  const bytes = Buffer.byteLength(text);
  if (bytes > attributesBytesMax && !off("attributes_limit")) {
    throw makeError("attributes_too_large", { op, message: `the attributes have ${bytes} bytes.` });
  }
  return text === "{}" || off("attributes") ? "" : text;
}

function toJson(attributes: Attributes, op: string): string {
  const refuse = (why: string, cause?: unknown) =>
    makeError("invalid_argument", { op, message: `the attributes are no JSON object: ${why}.`, cause });
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    throw refuse(Array.isArray(attributes) ? "an array" : String(attributes));
  }
  try {
    return JSON.stringify(attributes);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

export function decodeAttributes(text: string, op: string): Attributes {
  if (text === "") return {};
  try {
    return JSON.parse(text) as Attributes;
  } catch (cause) {
    throw makeError("corrupt", { op, message: "the attributes of the publication are not JSON.", cause });
  }
}

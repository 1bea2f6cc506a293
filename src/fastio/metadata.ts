import { makeError } from "../native/error.ts";
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
  if (bytes > sizeInBytes) {
    throw makeError("wrong_size", {
      op,
      message: `${type.name} ${Shape.format(shape)} needs ${bytes} bytes, the allocation has ${sizeInBytes}.`,
    });
  }
  return { dtype: type.name, shape: Object.freeze([...shape]) };
}

export function encodeAttributes(attributes: Attributes, op: string): string {
  const text = JSON.stringify(attributes);
  if (text === undefined || Buffer.byteLength(text) > attributesBytesMax) {
    throw makeError("attributes_too_large", {
      op,
      message: `the attributes have ${Buffer.byteLength(text ?? "")} bytes.`,
    });
  }
  return text === "{}" ? "" : text;
}

export function decodeAttributes(text: string, op: string): Attributes {
  if (text === "") return {};
  try {
    return JSON.parse(text) as Attributes;
  } catch (cause) {
    throw makeError("corrupt", { op, message: "the attributes of the publication are not JSON.", cause });
  }
}

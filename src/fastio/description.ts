import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import { type DType, elementType, Shape } from "../tensor/index.ts";
import type { CreateOptions, TensorOptions } from "./options.ts";

/** What `create` was asked for, checked: bytes, or a tensor. */
export function describe(what: number | TensorOptions, options: CreateOptions | undefined, op: string) {
  if (typeof what === "object" && what !== null) {
    const dtype = elementType(what.dtype, op).name;
    const shape = Shape.validate(what.shape, op);
    const size = Shape.byteSize(dtype, shape, op);
    if (size === 0) throw makeError("invalid_argument", { op, message: `${Shape.format(shape)} has no elements.` });
    return { size, dtype, shape, uninitialized: what.uninitialized === true ? 1 : 0 };
  }
  const size = off("create_size") ? what : checkInteger(what, "the size in bytes", op, 1);
  return { size, dtype: "uint8" as DType, shape: Object.freeze([size]), uninitialized: options?.uninitialized ? 1 : 0 };
}

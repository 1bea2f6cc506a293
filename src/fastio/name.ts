import { writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";

export const nameBytesMax = 255;

/** Leaves a name at the start of the block's text; returns its bytes. 1 to 255 of UTF-8, no NUL. */
export function writeName(name: string, op: string, what = "name"): number {
  if (typeof name !== "string") throw makeError("invalid_name", { op, message: `the ${what} is ${String(name)}.` });
  if (name === "") throw makeError("invalid_name", { op, message: `the ${what} is empty.` });
  if (name.includes("\0")) throw makeError("invalid_name", { op, message: `the ${what} contains NUL.` });
  if (!name.isWellFormed())
    throw makeError("invalid_name", { op, message: `the ${what} holds half a surrogate pair.` });
  return writeText(name, 0, nameBytesMax, () =>
    makeError("invalid_name", { op, message: `the ${what} has ${Buffer.byteLength(name)} bytes.` }),
  );
}

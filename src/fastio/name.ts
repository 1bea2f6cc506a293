import { writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block } from "../native/library.ts";
import { off } from "../native/switches.ts";

export const nameBytesMax = 255;

/** Short ASCII, as most names are, without the encoder. 0 when it is something else. */
function writeAscii(name: string): number {
  const { text } = block;
  const { length } = name;
  if (length > 64) return 0;
  for (let i = 0; i < length; i++) {
    const unit = name.charCodeAt(i);
    if (unit === 0 || unit > 0x7f) return 0;
    text[i] = unit;
  }
  return length;
}

/** Leaves a name at the start of the block's text; returns its bytes. 1 to 255 of UTF-8, no NUL. */
export function writeName(name: string, op: string, what = "name"): number {
  const ascii = typeof name === "string" ? writeAscii(name) : 0;
  if (ascii > 0) return ascii;
  if (!off("names")) checkName(name, op, what);
  return writeText(name, 0, nameBytesMax, () =>
    makeError("invalid_name", { op, message: `the ${what} has ${Buffer.byteLength(name)} bytes.` }),
  );
}

function checkName(name: unknown, op: string, what: string): void {
  if (typeof name !== "string") throw makeError("invalid_name", { op, message: `the ${what} is ${String(name)}.` });
  if (name === "") throw makeError("invalid_name", { op, message: `the ${what} is empty.` });
  if (name.includes("\0")) throw makeError("invalid_name", { op, message: `the ${what} contains NUL.` });
  if (!name.isWellFormed())
    throw makeError("invalid_name", { op, message: `the ${what} holds half a surrogate pair.` });
}

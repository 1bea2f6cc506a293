import { type MillraceError, makeError } from "../native/error.ts";

/** The error of bytes that are no PopEF file: where in which source, and why. */
export function invalidPopef(source: string, byteOffset: number, why: string, cause?: unknown): MillraceError {
  return makeError("invalid_popef", { op: "Reader", message: `${source}, byte ${byteOffset}: ${why}.`, cause });
}

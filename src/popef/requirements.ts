import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";

/** A text that a file can store: Cap'n Proto ends texts with a NUL, so none may be inside. */
export function requireText(value: unknown, what: string, op: string): string {
  if (typeof value !== "string") {
    throw makeError("invalid_argument", { op, message: `${what} is ${String(value)}.`, hint: "Pass a string." });
  }
  const nul = value.indexOf("\0");
  if (nul < 0) return value;
  throw makeError("invalid_argument", { op, message: `${what} has a NUL in it, at ${nul}.`, hint: "Leave it out." });
}

/** An integer of 32 bits without sign, as files store counts and program numbers. */
export function requireCount(value: unknown, what: string, op: string): number {
  return checkInteger(value, what, op, 0, 0xffff_ffff);
}

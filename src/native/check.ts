import { type ErrorCode, errorTable } from "./bindings.generated.ts";
import { type MillraceError, makeError } from "./error.ts";
import { block } from "./library.ts";

const codes = new Map<number, ErrorCode>();
for (const code of Object.keys(errorTable) as ErrorCode[]) codes.set(errorTable[code].number, code);

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Passes a native result through, or throws what its negative number stands for. */
export function check(result: number, op: string): number {
  if (result < 0) throw nativeError(result, op);
  return result;
}

/** The error behind a negative result; the native side left the details in the block. */
export function nativeError(result: number, op: string): MillraceError {
  const length = block.error[1]!;
  const message = length > 0 ? readText(0, length) : undefined;
  const errno = block.error[0]!;
  block.error.fill(0);
  return makeError(codes.get(-result) ?? "system", {
    op,
    message,
    cause: errno === 0 ? undefined : { errno },
  });
}

export function codeOf(result: number): ErrorCode | undefined {
  return codes.get(-result);
}

/** Puts UTF-8 into the block's text at `offset`; returns the number of bytes. */
export function writeText(text: string, offset: number, limit: number, onTooLong: () => Error): number {
  const { read, written } = encoder.encodeInto(text, block.text.subarray(offset, offset + limit));
  if (read !== text.length) throw onTooLong();
  return written;
}

export function readText(offset: number, length: number): string {
  return decoder.decode(block.text.subarray(offset, offset + length));
}

/** The FFI coerces silently (2^32 + 5 becomes 5, NaN 0), so what a user gives is checked here. */
export function checkInteger(value: unknown, what: string, op: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw makeError("invalid_argument", {
    op,
    message: `${what} is ${typeof value === "bigint" ? `${value}n` : String(value)}, not an integer from ${min} to ${max}.`,
  });
}

import { expect } from "bun:test";
import type { ErrorCode } from "../../src/index.ts";

/** An error of this code, for `toThrow`. */
export function withCode(code: ErrorCode, message = ""): Error {
  return expect.objectContaining({ code, message: expect.stringContaining(message) });
}

/** Bytes that differ from each other and from zero. */
export function pattern(byteLength: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteLength }, (_, index) => 1 + ((index * 7 + seed * 31) % 251));
}

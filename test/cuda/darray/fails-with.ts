import { expect } from "bun:test";
import type { ErrorCode } from "../../../src/native/error.ts";

/** An error of this code whose message says this. */
export function failsWith(code: ErrorCode, text = ""): Error {
  return expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;
}

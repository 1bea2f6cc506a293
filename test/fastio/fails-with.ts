import { expect } from "bun:test";

/** Matches an error by its code and a part of its message. */
export function failsWith(code: string, text = ""): Error {
  return expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;
}

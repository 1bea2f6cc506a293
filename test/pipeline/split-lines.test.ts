import { expect, test } from "bun:test";
import fc from "fast-check";
import { splitLines } from "../../src/pipeline/split-lines.ts";

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  return Array.fromAsync(
    splitLines(
      (async function* () {
        yield* chunks;
      })(),
    ),
  );
}

test("lines are the same wherever the bytes of a stream are cut", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "ü", "😀", "\n", "\r\n") });
  return fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(40)), async (written, cuts) => {
      const bytes = new TextEncoder().encode(written);
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const expected = written.split(/\r?\n/);
      if (expected.at(-1) === "") expected.pop();
      expect(await linesOf(chunks)).toEqual(expected);
    }),
  );
});

test("a line without end is handed on in parts and loses nothing", async () => {
  const chunk = new Uint8Array(50_000).fill(97);
  const lines = await linesOf([chunk, chunk, chunk]);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join("")).toBe("a".repeat(150_000));
});

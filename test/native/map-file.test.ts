import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NativeBuffer } from "../../src/native/buffer.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-map-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "bytes");
const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => index * 7);
writeFileSync(path, bytes);

test("a window of a file shows its bytes wherever it begins, and writes to it stay in it", () => {
  for (const [offset, length] of [
    [0, 20_000],
    [1, 1],
    [63, 65],
    [4095, 4098],
    [4096, 0],
    [19_999, 1],
  ] as const) {
    const { memory, begin } = NativeBuffer.mapFile(path, offset, length, "test");
    expect(begin).toBe(offset % 64);
    const window = new Uint8Array(memory.buffer).subarray(begin, begin + length);
    expect(window).toEqual(bytes.subarray(offset, offset + length));
    window.fill(0);
    memory.close();
  }
  expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
});

test("a window beyond the file, of no file, or of a folder is refused", () => {
  const map = (file: string, offset: number, length: number) => () =>
    NativeBuffer.mapFile(file, offset, length, "test");
  expect(map(path, 19_999, 2)).toThrow("reach beyond");
  expect(map(path, 20_001, 0)).toThrow("reach beyond");
  expect(map(join(folder, "none"), 0, 1)).toThrow("cannot be read: NOENT");
  expect(map(path, -1, 1)).toThrow();
  expect(map(path, 0, 2 ** 32)).toThrow("4294967296 bytes of");
});

test("a file that is replaced while it is mapped keeps its old bytes in the window", () => {
  const other = join(folder, "other");
  writeFileSync(other, bytes);
  const { memory } = NativeBuffer.mapFile(other, 0, 100, "test");
  rmSync(other);
  writeFileSync(other, "new");
  truncateSync(other, 0);
  expect(new Uint8Array(memory.buffer, 0, 100)).toEqual(bytes.subarray(0, 100));
  memory.close();
});

import { expect, test } from "bun:test";
import { MillraceError } from "../../src/native/error.ts";
import { ModelBuilder, Reader } from "../../src/popef/index.ts";
import { blobsOf, smallFile } from "./files.ts";
import { spread } from "./segments.ts";

const small = smallFile();
/** The same file with every message in many segments. */
const spreadOut = spreadFile(small);
const mutations = 100_000;
/** What a file may be refused with once its blobs were read. */
const refusals = new Set(["invalid_popef", "model_conflict", "unsupported_compression", "too_large"]);

/** Reads everything, as far as it goes; what it is refused with, or undefined. */
function readAll(bytes: Uint8Array): MillraceError | undefined {
  using reader = new Reader();
  try {
    reader.parseBytes(bytes);
    using model = new ModelBuilder(reader).createModel();
    const all = [model.executable, model.tensorData("w"), model.feedData("x"), ...model.opaqueBlobs];
    for (const blob of all) blob?.data.bytes();
    return undefined;
  } catch (error) {
    if (error instanceof MillraceError && refusals.has(error.code)) return error;
    throw error;
  }
}

function spreadFile(file: Uint8Array): Uint8Array {
  const parts = blobsOf(file).map(({ byteOffset, byteLength, infoOffset, dataOffset }) => {
    const header = spread(file.slice(byteOffset, infoOffset));
    const info = spread(file.slice(infoOffset, dataOffset));
    const data = file.slice(dataOffset, byteOffset + byteLength);
    const blob = new Uint8Array(Buffer.concat([header, info, data]));
    const size = new DataView(new ArrayBuffer(8));
    size.setBigUint64(0, BigInt(byteLength), true);
    const at = Buffer.from(blob.buffer, 0, header.byteLength).indexOf(new Uint8Array(size.buffer));
    new DataView(blob.buffer).setBigUint64(at, BigInt(blob.byteLength), true);
    return blob;
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** Numbers that are the same in every run. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    yield (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

test.each([
  ["of one segment each", small],
  ["of many segments", spreadOut],
])("a file with messages %s, cut at every byte, is refused or has whole blobs", (_, file) => {
  expect(readAll(file)).toBeUndefined();
  const ends = new Map([...blobsOf(file).entries()].map(([index, blob]) => [blob.byteOffset, index]));
  for (let length = 0; length < file.byteLength; length++) {
    const cut = file.subarray(0, length);
    const whole = ends.get(length);
    if (whole !== undefined) {
      expect(blobsOf(cut)).toHaveLength(whole);
    } else {
      expect(readAll(cut)).toMatchObject({
        code: "invalid_popef",
        message: expect.stringMatching(/memory, byte \d+: /),
      });
    }
  }
});

test(`${mutations} mutations of a file are refused or read, and take no memory beyond their size`, () => {
  const numbers = random(4711);
  const next = (below: number) => numbers.next().value % below;
  const outcomes = { read: 0, refused: 0 };
  const edges = [0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xfe, 0xff];
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  for (let round = 0; round < mutations; round++) {
    const bytes = (round % 2 === 0 ? small : spreadOut).slice();
    for (let changes = 1 + next(3); changes > 0; changes--) {
      const at = next(bytes.byteLength);
      const kind = next(4);
      if (kind === 0) bytes[at] = edges[next(edges.length)]!;
      else if (kind === 1) bytes[at]! ^= 1 << next(8);
      else if (kind === 2) bytes[at] = next(256);
      else bytes.copyWithin(at, next(bytes.byteLength), next(bytes.byteLength));
    }
    const refusal = readAll(next(16) === 0 ? bytes.subarray(0, next(bytes.byteLength)) : bytes);
    if (refusal === undefined) outcomes.read++;
    else outcomes.refused++;
  }
  Bun.gc(true);
  // Objects of a hundred thousand readers come and go; an allocation that believed a file would be of gigabytes.
  expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
  expect(outcomes.read).toBeGreaterThan(1000);
  expect(outcomes.refused).toBeGreaterThan(mutations / 4);
}, 120_000);

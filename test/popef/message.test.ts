import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Metadata, Reader, TensorInfo } from "../../src/popef/index.ts";
import { encodeHeader, encodeMetadata, encodeTensorData } from "../../src/popef/message/encode.ts";
import { failure, fullMetadata, thrown } from "./files.ts";
import { fileOf, framed, spread } from "./segments.ts";

const header = encodeHeader({ version: "1.0.0", type: "metadata", size: 0 });
const tensorHeader = encodeHeader({ version: "1.0.0", type: "dataTensor", size: 0 });
const metadata = new Metadata(fullMetadata);

function metadataOf(info: Uint8Array): Metadata {
  using reader = new Reader().parseBytes(fileOf(header, info));
  return reader.metadata()[0]!;
}

/** A message of one segment, of 64-bit words in hexadecimal as they are written down: least significant digit last. */
function message(...words: bigint[]): Uint8Array {
  const segment = new DataView(new ArrayBuffer(8 * words.length));
  for (const [index, word] of words.entries()) segment.setBigUint64(8 * index, word, true);
  return framed([segment]);
}

/** A pointer to a struct `offset` words behind it. */
const structPointer = (offset: number, dataWords: number, pointers: number): bigint =>
  BigInt.asUintN(
    64,
    (BigInt(pointers) << 48n) | (BigInt(dataWords) << 32n) | (BigInt.asUintN(30, BigInt(offset)) << 2n),
  );
const listPointer = (offset: number, code: number, count: number): bigint =>
  (BigInt(count) << 35n) | (BigInt(code) << 32n) | (BigInt.asUintN(30, BigInt(offset)) << 2n) | 1n;
const farPointer = (segment: number, word: number, double = false): bigint =>
  (BigInt(segment) << 32n) | (BigInt(word) << 3n) | (double ? 4n : 0n) | 2n;

describe("messages", () => {
  test("of many segments read as those of one", () => {
    const one = encodeMetadata(metadata);
    for (const info of [one, spread(one), spread(one, () => true), spread(one, () => false)]) {
      expect(metadataOf(info)).toEqual(metadata);
    }
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (doubles) => {
        expect(metadataOf(spread(one, (index) => doubles[index % doubles.length]!))).toEqual(metadata);
      }),
      { numRuns: 50 },
    );
  });

  test("of many segments may also be a blob's header", () => {
    using reader = new Reader();
    const far = spread(encodeHeader({ version: "2", type: "metadata", size: 0 }));
    const info = encodeMetadata(metadata);
    const size = far.byteLength + info.byteLength;
    reader.parseBytes(Buffer.concat([spread(encodeHeader({ version: "2", type: "metadata", size })), info]));
    expect(reader.metadata()).toEqual([metadata]);
    expect(reader.blobs()[0]!.blob.version).toBe("2");
  });

  test("of older writers lack fields: they read as 0 and as empty, and no device iterations are one", () => {
    // Metadata as it was before it had a programs map and device iterations: two words of data, six pointers.
    const { programsMap, deviceIterations, ...older } = metadataOf(
      message(structPointer(0, 2, 1), 0x0000_0004_0000_0002n, 0x0000_0015_0000_0003n, listPointer(0, 2, 2), 0x61n),
    );
    expect([programsMap, deviceIterations]).toEqual([new Map(), 1]);
    expect(older).toMatchObject({ replicationFactor: 2, numIpus: 4, numProcesses: 3, ipuVersion: 21, seedHandle: "a" });
    expect([older.executable, older.anchors, older.engineOptions, older.isPOD]).toEqual(["", [], [], false]);
  });

  test("of newer writers have fields that nobody knows here, which change nothing", () => {
    const words = [structPointer(0, 4, 9), ...Array<bigint>(3).fill(0n), 0xffff_ffff_ffff_ffffn];
    const pointers = [0n, 0n, listPointer(6, 2, 4), ...Array<bigint>(4).fill(0n), listPointer(1, 5, 0), 0n];
    expect(metadataOf(message(...words, ...pointers, 0x74_656en)).executable).toBe("net");
  });

  test.each([
    ["a null root", message(0n)],
    ["no words", framed([new DataView(new ArrayBuffer(0))])],
    ["a struct of no size", message(structPointer(-1, 0, 0))],
    ["null pointers", message(structPointer(0, 3, 7), ...Array<bigint>(10).fill(0n))],
    ["a far pointer to a null pointer", framed([words(farPointer(1, 0)), words(0n)])],
  ])("with %s are all empty", (_, info) => {
    expect(metadataOf(info)).toEqual(
      new Metadata({
        executable: "",
        replicationFactor: 0,
        numIpus: 0,
        ipuVersion: 0,
        numProcesses: 0,
        isInference: false,
      }),
    );
  });

  test("say nothing of tensors without an info: a boolean scalar", () => {
    using reader = new Reader().parseBytes(fileOf(tensorHeader, message(0n), Uint8Array.of(1)));
    expect(reader.tensors()[0]!.info.tensorInfo).toEqual(new TensorInfo({ shape: [], dataType: "BOOL" }));
  });
});

function words(...values: bigint[]): DataView {
  const segment = new DataView(new ArrayBuffer(8 * values.length));
  for (const [index, value] of values.entries()) segment.setBigUint64(8 * index, value, true);
  return segment;
}

/** Metadata whose list of anchors is this pointer, with these words behind it. */
const anchors = (pointer: bigint, ...behind: bigint[]) => message(structPointer(0, 0, 2), 0n, pointer, ...behind);
const tensor = (...behind: bigint[]) => message(structPointer(0, 0, 2), ...behind);

describe("hostile messages are refused, with the byte: ", () => {
  const at = header.byteLength;
  test.each<[string, Uint8Array, string, number?]>([
    ["2^32 segments", Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0), "4294967296 segments"],
    ["a table of segments that is cut", Uint8Array.of(9, 0, 0, 0), "at least 48 bytes, where 4 are left"],
    ["a segment of 32 GiB", Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255), "a message of 34359738368 bytes"],
    ["a segment that is cut", Uint8Array.of(0, 0, 0, 0, 2, 0, 0, 0), "at least 24 bytes, where 8 are left"],
    [
      "a root beyond the segment",
      message(structPointer(0, 1, 0)),
      "a struct of 1 words at word 1 of segment 0, which has 1",
      8,
    ],
    ["a root in front of the segment", message(structPointer(-2, 1, 0)), "at word -1 of segment 0", 8],
    ["a list as root", message(listPointer(0, 2, 0)), "a list, where a struct belongs", 8],
    ["a capability as root", message(3n), "a capability", 8],
    [
      "a struct that contains its own pointer",
      message(structPointer(-1, 0, 7)),
      "at word 0 of segment 0, which has 1",
      8,
    ],
    [
      "a text that is a struct",
      message(structPointer(0, 0, 1), structPointer(-1, 0, 0)),
      "a struct, where a list belongs",
      16,
    ],
    [
      "a text of 4-byte elements",
      message(structPointer(0, 0, 1), listPointer(0, 4, 2), 0n),
      "element size 4, where 2",
      16,
    ],
    [
      "a text of 2^29 bytes",
      message(structPointer(0, 0, 1), listPointer(0, 2, 2 ** 29 - 1)),
      "a list of 67108864 words",
      16,
    ],
    ["a text without its NUL", message(structPointer(0, 0, 1), listPointer(0, 2, 1), 0x61n), "end with a NUL", 24],
    ["a text that is no UTF-8", message(structPointer(0, 0, 1), listPointer(0, 2, 2), 0xffn), "not UTF-8", 24],
    ["2^29 elements of no size", anchors(listPointer(0, 0, 2 ** 29 - 1)), "element size 0, where 7", 24],
    ["2^29 structs of no size", anchors(listPointer(0, 7, 0), BigInt(2 ** 31 - 4)), "elements without a size", 32],
    [
      "structs beyond their list",
      anchors(listPointer(0, 7, 1), 8n | (1n << 32n), 0n),
      "2 elements of 1 words in a list of 1",
      32,
    ],
    ["a tag that is no struct", anchors(listPointer(0, 7, 0), 1n), "tag is none", 32],
    ["a far pointer to no segment", message(farPointer(7, 0)), "a far pointer into segment 7", 8],
    ["a far pointer beyond the segment", message(farPointer(0, 1)), "a landing pad of 1 words at word 1", 8],
    ["a far pointer to itself", message(farPointer(0, 0)), "a far pointer to a far pointer", 8],
    ["a double far pointer to itself", message(farPointer(0, 0, true), 0n), "does not begin with a far pointer", 8],
    [
      "a double far pointer to a capability",
      message(farPointer(0, 1, true), farPointer(0, 0), 3n),
      "neither struct nor list",
      16,
    ],
  ])("%s", (_, info, words, offset = 0) => {
    const error = thrown(() => new Reader().parseBytes(fileOf(header, info)));
    expect(error).toEqual(failure("invalid_popef", `byte ${at + offset}:`, words));
  });

  test("a thousand anchors that share one name of 8 KiB", () => {
    const name = 1024;
    const anchor = (index: number) => listPointer(2 * (999 - index), 2, 8 * name);
    const list = [BigInt(1000 * 4) | (1n << 32n) | (1n << 48n)];
    for (let index = 0; index < 1000; index++) list.push(0n, anchor(index));
    const info = anchors(
      listPointer(0, 7, 2000),
      ...list,
      ...Array<bigint>(name - 1).fill(0x6161_6161_6161_6161n),
      0x0061_6161_6161_6161n,
    );
    expect(thrown(() => metadataOf(info))).toEqual(failure("invalid_popef", "read before, or overlaps"));
  });

  test.each([
    ["a negative axis", [0n, structPointer(0, 1, 1), 3n, listPointer(0, 5, 1), 2n ** 64n - 1n], "axis 0 is -1"],
    ["2^60 elements", [0n, structPointer(0, 1, 1), 3n, listPointer(0, 5, 2), 2n ** 30n, 2n ** 30n], "more than 2^53"],
    ["an unknown type", [0n, structPointer(0, 1, 1), 15n, 0n], "a tensor of type 15, which is none"],
    ["a name with a NUL in it", [listPointer(1, 2, 4), 0n, 0x62_0061n], "NUL"],
    ["fewer bytes of data than elements", [0n, structPointer(0, 1, 1), 4n, 0n], "takes 8 bytes, the blob has 0"],
  ])("a tensor with %s", (_, behind, words) => {
    const error = thrown(() => new Reader().parseBytes(fileOf(tensorHeader, tensor(...(behind as bigint[])))));
    expect(error).toEqual(failure("invalid_popef", words as string));
  });

  test.each<[string, (view: DataView) => void, string]>([
    [
      "smaller than its header",
      (view) => view.setBigUint64(24, 47n, true),
      "byte 0: a blob of 47 bytes, whose header alone has 48",
    ],
    ["beyond the end", (view) => view.setBigUint64(24, 1000n, true), "byte 0: a blob of 1000 bytes, where"],
    [
      "of 2^63 bytes",
      (view) => view.setBigUint64(24, 2n ** 63n, true),
      "byte 16: the blob's size is 9223372036854775808",
    ],
    ["of an unknown type", (view) => view.setUint16(16, 5, true), "byte 16: a blob of type 5, which is none"],
    [
      "without room for its message",
      (view) => view.setBigUint64(24, 50n, true),
      "byte 48: a message of at least 4 bytes, where 2",
    ],
  ])("a blob %s", (_, change, words) => {
    const file = fileOf(header, encodeMetadata(metadata));
    change(new DataView(file.buffer));
    expect(thrown(() => new Reader().parseBytes(file))).toEqual(failure("invalid_popef", words));
  });

  test("a blob behind others, counted from the file's first byte", () => {
    const good = fileOf(
      tensorHeader,
      encodeTensorData({ name: "w", tensorInfo: new TensorInfo() } as never),
      new Uint8Array(4),
    );
    const file = Buffer.concat([good, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)]);
    const error = thrown(() => new Reader().parseBytes(file, "two.popef"));
    expect(error).toEqual(failure("invalid_popef", `two.popef, byte ${good.byteLength}:`));
  });
});

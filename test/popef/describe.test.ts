import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { describe, describeAsync, Reader, Writer } from "../../src/popef/index.ts";
import { Folder, failure, fullMetadata, smallFile, thrown } from "./files.ts";

/** The container's header of `docs/executable.md`, with parts of these sizes. */
function container(plan: number, graph: number, byteLength = 64 + plan + graph): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  bytes.set(Buffer.from("MR_EXE_1"));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 1, true);
  view.setUint32(12, 2, true);
  view.setBigUint64(16, BigInt(plan), true);
  view.setBigUint64(24, BigInt(graph), true);
  bytes.fill(0xab, 32, 64);
  return bytes;
}

/** The header of a Poplar executable, and as many bytes as it says. */
function poplar(
  version: number,
  archive: number,
  metadata: number,
  byteLength = 40 + archive + metadata,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  bytes.set(Buffer.from(`GC_EXE_${version}`));
  const view = new DataView(bytes.buffer);
  for (const [index, size] of [10 * archive, archive, 10 * metadata, metadata].entries()) {
    view.setBigUint64(8 + 8 * index, BigInt(size), true);
  }
  return bytes;
}

function describeExecutable(bytes: Uint8Array): string[] {
  const writer = new Writer();
  writer.createExecutable("net").write(bytes);
  writer.close();
  using reader = new Reader().parseBytes(writer.bytes());
  return describe(reader)
    .trimEnd()
    .split("\n")
    .slice(2)
    .map((line) => line.trim());
}

test("a file is described blob by blob, from its path or from a reader", async () => {
  using folder = new Folder();
  writeFileSync(folder.file(), smallFile("3.1"));
  const text = describe(folder.file());
  expect(text).toBe(
    `${folder.file()}: 5 blobs, ${smallFile().byteLength} bytes
  metadata at byte 0, 464 bytes, version "3.1"
    of executable "net": inference
    replicas 1, IPUs 1 of version 2, processes 1, device iterations 1
    programs: load [0], main [1], save []
    program 1 is "main"
    engine option "a" = "b"
    anchor "w": input, U8 [3], handle "h2d_w", programs [0]
    anchor "x": input, S16 [1], handle "h2d_x", programs [1]
  poplarExecutable at byte 464, 93 bytes, version "3.1"
    executable "net": 5 bytes
    of an unknown kind
  opaque at byte 557, 97 bytes, version "3.1"
    "notes" of executable "net": 1 bytes
  dataTensor at byte 654, 115 bytes, version "3.1"
    tensor "w": U8 [3], 3 bytes
  dataFeed at byte 769, 124 bytes, version "3.1"
    feed "x": 2 times S16 [1]
`,
  );
  expect(await describeAsync(folder.file())).toBe(text);
  using reader = new Reader().parseFile(folder.file()).parseBytes(smallFile("3.1"), "again");
  expect(describe(reader)).toBe(text + text.replace(folder.file(), "again"));
  expect(thrown(() => describe(folder.file("none")))).toEqual(failure("file_not_found"));
});

test("metadata is described whole", () => {
  const writer = new Writer();
  writer.write(fullMetadata);
  writer.close();
  using reader = new Reader().parseBytes(writer.bytes());
  const lines = describe(reader).trimEnd().split("\n").slice(2);
  expect(lines.map((line) => line.trim())).toEqual([
    'of executable "net": training',
    "replicas 2, IPUs 4 of version 21 in a Pod, processes 3, device iterations 8",
    'seed handle "__seed_stream"',
    "programs: load [0], main [1,3], save [2]",
    'program 0 is "load_program"',
    'program 1 is "main_program"',
    'program 4294967295 is "last"',
    'engine option "exchange.enablePrefetch" = "true"',
    'device option "target.hostSyncTimeout" = "60"',
    'device option "ünïcode" = ""',
    'anchor "image": input, F32 [16,1,28,28], handle "h2d_image", programs [1]',
    'anchor "w": input, F16 [2,3], handle "h2d_w", programs [0], per replica',
    'anchor "w": output, F16 [2,3], handle "weight_d2h_w", programs [2]',
    'anchor "state": unknown, U32 [], handle "state", programs [0,1,4294967295], remote buffer of 7 blocks',
  ]);
});

const hash = "ab".repeat(32);
test.each<[string, Uint8Array, string[]]>([
  [
    "ours",
    container(128, 1000),
    [
      'executable "net": 1192 bytes',
      "MR_EXE_1, container version 1, step-list version 2",
      `plan 128 bytes, graph 1000 bytes, package hash ${hash}`,
    ],
  ],
  [
    "Poplar's",
    poplar(3, 7, 5),
    [
      'executable "net": 52 bytes',
      "GC_EXE_3, made by Poplar",
      "archive 70 bytes, compressed to 7",
      "metadata 50 bytes, compressed to 5",
    ],
  ],
  [
    "Poplar's of an older version",
    poplar(1, 0, 0),
    [
      'executable "net": 40 bytes',
      "GC_EXE_1, made by Poplar",
      "archive 0 bytes, compressed to 0",
      "metadata 0 bytes, compressed to 0",
    ],
  ],
  ["nobody's", Uint8Array.of(1), ['executable "net": 1 bytes', "of an unknown kind"]],
])("an executable that is %s is described by its header", (_, bytes, lines) => {
  expect(describeExecutable(bytes)).toEqual(lines);
});

test.each<[string, Uint8Array, string]>([
  ["parts beyond its end", container(128, 1000, 1191), "damaged: its parts are 1192 bytes, it has 1191"],
  ["half a header", container(0, 0).subarray(0, 63), "damaged: MR_EXE_1: 63 bytes, its header alone has 64"],
  ["an archive beyond its end", poplar(2, 7, 5, 51), "damaged: describe: GC_EXE_2: 40 bytes of header"],
  ["half of Poplar's header", poplar(3, 0, 0).subarray(0, 39), "39 bytes, its header alone has 40"],
])("an executable with %s is described as damaged", (_, bytes, words) => {
  expect(describeExecutable(bytes).join("\n")).toContain(words);
});

test("a compressed executable is described by how it is compressed", () => {
  const writer = new Writer();
  writer.createExecutable("net", { compress: "gzip" }).write(container(100, 100));
  writer.close();
  using reader = new Reader().parseBytes(writer.bytes());
  expect(describe(reader)).toMatch(/executable "net": 264 bytes, compressed \(gzip\) to \d+\n$/);
});

test("a Poplar executable passes through untouched, and its header can be read", () => {
  const bytes = poplar(3, 7, 5);
  const read = (data: Uint8Array) => {
    const writer = new Writer();
    writer.createExecutable("net").write(data);
    writer.close();
    return new Reader().parseBytes(writer.bytes());
  };
  using reader = read(bytes);
  const [executable] = reader.executables();
  expect(executable!.data.bytes()).toEqual(bytes);
  expect(executable!.poplarHeader()).toEqual({
    version: 3,
    archiveSize: 70,
    compressedArchiveSize: 7,
    metadataSize: 50,
    compressedMetadataSize: 5,
  });
  using ours = read(container(0, 0));
  expect(ours.executables()[0]!.poplarHeader()).toBeUndefined();
  using damaged = read(poplar(3, 7, 5, 53));
  expect(thrown(() => damaged.executables()[0]!.poplarHeader())).toEqual(
    failure("invalid_executable", "40 bytes of header, 7 of archive and 5 of metadata are 52, it has 53"),
  );
});

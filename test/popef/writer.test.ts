import { describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { FileWriter, FileWriterMode, Metadata, Reader, Writer } from "../../src/popef/index.ts";
import { asTensor, TensorMemory } from "../../src/tensor/index.ts";
import { blobsOf, contentsOf, Folder, failure, fullMetadata, smallFile, thrown } from "./files.ts";

const tensor = { name: "w", tensorInfo: { shape: [2, 3] } } as const;
const values = Float32Array.of(1, 2, 3, 4, 5, 6);

describe("a file", () => {
  test("of one tensor is, byte for byte, what the format says", () => {
    const writer = new Writer();
    writer.createTensorData(tensor).write(values);
    writer.close();
    expect(writer.bytes().toHex()).toBe(
      [
        "0000000005000000 0000000002000100 0200000000000000 9000000000000000",
        "0100000032000000 312e302e30000000 0000000008000000 0000000000000200",
        "0500000012000000 0400000001000100 7700000000000000 0300000000000000",
        "0100000015000000 0200000000000000 0300000000000000 0000803f00000040",
        "00004040000080400000a0400000c040",
      ]
        .join("")
        .replaceAll(" ", ""),
    );
    expect(Bun.SHA256.hash(writer.bytes(), "hex")).toBe(
      "f71c2f0726ce739264f81b9d6e19a6c62eb5cb8a8467dd3d6c5f45ca9593e692",
    );
  });

  test("keeps everything that metadata says", () => {
    const writer = new Writer();
    writer.write(fullMetadata);
    writer.close();
    using reader = new Reader().parseBytes(writer.bytes());
    expect(reader.metadata()).toEqual([new Metadata(fullMetadata)]);
  });

  test("keeps any metadata, whatever its size", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((value) => !value.includes("\0"));
    const count = fc.integer({ min: 0, max: 0xffff_ffff });
    const counts = fc.array(count, { maxLength: 5 });
    const option = fc.record({ name: text, value: text });
    const anchor = fc.record({
      name: text,
      handle: text,
      tensorInfo: fc.record({
        shape: fc.array(fc.integer({ min: 0, max: 2 ** 20 }), { maxLength: 2 }),
        dataType: fc.constantFrom("BOOL", "F8", "F64", "S8", "U64", "F8143", "F8152"),
      }),
      type: fc.constantFrom("unknown", "input", "output"),
      programs: counts,
      isPerReplica: fc.boolean(),
      useRemoteBuffers: fc.boolean(),
      repeats: count,
    });
    const metadata = fc.record({
      executable: text,
      replicationFactor: count,
      numIpus: count,
      ipuVersion: count,
      isPOD: fc.boolean(),
      numProcesses: count,
      isInference: fc.boolean(),
      engineOptions: fc.array(option, { maxLength: 3 }),
      deviceOptions: fc.array(option, { maxLength: 3 }),
      seedHandle: text,
      deviceIterations: count,
      anchors: fc.array(anchor, { maxLength: 120, size: "max" }),
      programFlow: fc.record({ load: counts, main: counts, save: counts }),
      programsMap: fc.array(fc.tuple(count, text), { maxLength: 4 }).map((entries) => new Map(entries)),
    });
    fc.assert(
      fc.property(metadata, (options) => {
        const expected = new Metadata(options as never);
        const writer = new Writer();
        writer.write(expected);
        writer.close();
        using reader = new Reader().parseBytes(writer.bytes());
        expect(reader.metadata()).toEqual([expected]);
      }),
      { numRuns: 60 },
    );
  });

  test("has its blobs in the order in which they were written", () => {
    expect(blobsOf(smallFile()).map(({ type }) => type)).toEqual([
      "metadata",
      "poplarExecutable",
      "opaque",
      "dataTensor",
      "dataFeed",
    ]);
  });

  test("is the same in memory, in a file and through a stream", () => {
    using folder = new Folder();
    const pieces: Uint8Array[] = [];
    const memory = new Writer();
    const stream = new Writer({ write: (bytes) => pieces.push(bytes) });
    const file = new FileWriter(folder.file());
    for (const writer of [memory, stream, file]) {
      writer.write(fullMetadata);
      const executable = writer.createExecutable("net");
      for (const byte of [1, 2, 3]) executable.write(Uint8Array.of(byte));
      writer.createOpaqueBlob("notes", "net");
      writer.createTensorData(tensor).write(values);
      writer.createExecutable("packed", { compress: "gzip" }).write(new Uint8Array(1000));
      const feeds = writer.createFeeds([
        { name: "a", tensorInfo: { shape: [1], dataType: "U8" }, numTensors: 2 },
        { name: "b", tensorInfo: { shape: [1], dataType: "U16" }, numTensors: 2 },
      ]);
      for (const step of [1, 2]) {
        feeds.write("a", Uint8Array.of(step));
        feeds.write(1, Uint16Array.of(step));
      }
      writer.close();
    }
    expect(new Uint8Array(Buffer.concat(pieces))).toEqual(memory.bytes());
    expect(new Uint8Array(readFileSync(folder.file()))).toEqual(memory.bytes());
    using reader = new Reader().parseBytes(memory.bytes());
    expect(reader.feeds().map(({ data }) => data.bytes())).toEqual([Uint8Array.of(1, 2), Uint8Array.of(1, 0, 2, 0)]);
    expect(thrown(() => stream.bytes())).toEqual(failure("invalid_argument", "stream"));
  });

  test("takes data as typed arrays, buffers, tensors and native memory", () => {
    using memory = new TensorMemory(4);
    memory.getView().data.fill(7);
    const writer = new Writer();
    const blob = writer.createOpaqueBlob("notes", "net");
    blob.write(Uint16Array.of(0x0201));
    blob.write(Uint8Array.of(3).buffer);
    blob.write(Buffer.from([4]));
    blob.write(asTensor(Int8Array.of(5)));
    blob.write(memory);
    expect(blob.bytesWritten).toBe(9);
    writer.close();
    using reader = new Reader().parseBytes(writer.bytes());
    expect(reader.opaqueBlobs()[0]!.data.bytes()).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 7, 7, 7, 7));
  });
});

describe("blobs", () => {
  test("are written one at a time: beginning one finishes the one before", () => {
    const writer = new Writer();
    const first = writer.createOpaqueBlob("first", "net");
    first.write(Uint8Array.of(1));
    expect(first.isActive).toBe(true);
    const second = writer.createOpaqueBlob("second", "net");
    expect([first.isActive, second.isActive]).toEqual([false, true]);
    expect(thrown(() => first.write(Uint8Array.of(2)))).toEqual(failure("writer_inactive", 'opaque blob "first"'));
    first.close();
    second.close();
    second.close();
    writer.close();
    writer.close();
    expect(thrown(() => writer.createOpaqueBlob("third", "net"))).toEqual(
      failure("writer_inactive", "writer was closed"),
    );
    expect(blobsOf(writer.bytes())).toHaveLength(2);
  });

  test.each(["memory", "file"])("of too much or too little data are refused, and leave nothing in %s", (where) => {
    using folder = new Folder();
    const writer = where === "memory" ? new Writer() : new FileWriter(folder.file());
    const result = () => (where === "memory" ? writer.bytes() : new Uint8Array(readFileSync(folder.file())));
    writer.createOpaqueBlob("kept", "net").write(Uint8Array.of(1));
    const long = writer.createTensorData(tensor);
    expect(thrown(() => long.write(new Uint8Array(25)))).toEqual(failure("wrong_size", "24 bytes, 25 were written"));
    long.write(new Uint8Array(23));
    expect(thrown(() => long.close())).toEqual(failure("wrong_size", "24 bytes, 23 were written"));
    const feeds = writer.createFeeds([{ ...tensor, numTensors: 2 }]);
    feeds.write(0, values);
    expect(thrown(() => feeds.write(0, new Uint8Array(25)))).toEqual(failure("wrong_size", '"w" has 48 bytes, 49'));
    expect(thrown(() => feeds.write("v", values))).toEqual(failure("invalid_argument", '"v" is none of the feeds "w"'));
    expect(thrown(() => feeds.close())).toEqual(failure("wrong_size", "48 bytes, 24 were written"));
    expect(thrown(() => feeds.write(0, values))).toEqual(failure("writer_inactive"));
    writer.createTensorData(tensor).write(new Uint8Array(1));
    expect(thrown(() => writer.close())).toEqual(failure("wrong_size"));
    expect(blobsOf(result()).map(({ info }) => info)).toEqual([{ name: "kept", executable: "net" }]);
  });

  test("that fail in the middle of a stream end the stream", () => {
    const writer = new Writer({ write: () => undefined });
    const blob = writer.createTensorData(tensor);
    expect(thrown(() => blob.close())).toEqual(failure("wrong_size"));
    expect(thrown(() => writer.write(fullMetadata))).toEqual(failure("writer_inactive", "stream ends within a blob"));
  });

  test.each([
    [{ name: "" }, "needs a name"],
    [{ name: "a\0b" }, "NUL"],
    [{ name: "net", compress: "lz4" }, 'compress is "lz4"'],
  ])("with %j are refused", ({ name, ...options }, words) => {
    expect(thrown(() => new Writer().createExecutable(name, options as never))).toEqual(
      failure("invalid_argument", words),
    );
  });
});

describe("a file writer", () => {
  test("appends behind what a file has, and truncates unless told to", () => {
    using folder = new Folder();
    const write = (name: string, ...mode: [FileWriterMode?]) => {
      using writer = new FileWriter(folder.file(), ...mode);
      writer.createOpaqueBlob(name, "net").write(Uint8Array.of(1, 2, 3));
    };
    const names = () => blobsOf(readFileSync(folder.file())).map(({ info }) => (info as { name: string }).name);
    write("a");
    write("b", FileWriterMode.Append);
    expect(names()).toEqual(["a", "b"]);
    write("c");
    write("d", "append");
    expect(names()).toEqual(["c", "d"]);
    write("e", FileWriterMode.Truncate);
    expect(names()).toEqual(["e"]);
  });

  test("replaces a file under a reader's feet without touching what the reader has", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), smallFile());
    using reader = new Reader().parseFile(folder.file());
    const [mapped, later] = [reader.tensors()[0]!.data, reader.feeds()[0]!.data];
    expect(mapped.bytes()).toEqual(Uint8Array.of(6, 7, 8));
    const { ino } = statSync(folder.file());
    new FileWriter(folder.file()).close();
    // Another file. Had it been cut off in place, looking at what is mapped would end this process.
    expect(statSync(folder.file()).ino).not.toBe(ino);
    expect(readFileSync(folder.file())).toHaveLength(0);
    expect(mapped.bytes()).toEqual(Uint8Array.of(6, 7, 8));
    expect(later.bytes()).toEqual(Uint8Array.of(255, 255, 2, 0));
  });

  test("says which file it cannot write", () => {
    using folder = new Folder();
    expect(thrown(() => new FileWriter(folder.file("none/model.popef")))).toEqual(
      failure("file_not_found", "none/model.popef"),
    );
    expect(thrown(() => new FileWriter(folder.path))).toEqual(failure("file_not_found", "EISDIR"));
    expect(thrown(() => new FileWriter(folder.file(), "overwrite" as never))).toEqual(
      failure("invalid_argument", "overwrite"),
    );
  });
});

describe("rewriting", () => {
  test("copies blobs as they are, with whatever version text they have", () => {
    for (const version of ["", "3.3.0+1403", "a version of\nmany characters, of no known form"]) {
      const before = smallFile(version);
      using reader = new Reader().parseBytes(before);
      const writer = new Writer();
      for (const blob of reader.blobs()) writer.copy(blob);
      writer.close();
      expect(writer.bytes()).toEqual(before);
      expect(blobsOf(before).map((blob) => blob.version)).toEqual(Array(5).fill(version));
    }
  });

  test("takes nothing from a reader that was closed", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), smallFile());
    for (const reader of [new Reader().parseFile(folder.file()), new Reader().parseBytes(smallFile())]) {
      const blobs = reader.blobs();
      reader.close();
      const writer = new Writer();
      expect(thrown(() => writer.copy(blobs[3]!))).toEqual(failure("closed"));
      expect(writer.bytes()).toHaveLength(0);
    }
  });

  test("compresses an executable and leaves the other blobs alone", () => {
    const before = smallFile("2.0");
    using reader = new Reader().parseBytes(before);
    const writer = new Writer();
    for (const placed of reader.blobs()) {
      if (placed.blob.type !== "poplarExecutable") writer.copy(placed);
      else
        writer.createExecutable(placed.blob.info.name, { compress: true }).write(reader.executables()[0]!.data.bytes());
    }
    writer.close();
    expect(contentsOf(writer.bytes())).toEqual(contentsOf(before));
    expect(blobsOf(writer.bytes()).map(({ version }) => version)).toEqual(["2.0", "1.0.0", "2.0", "2.0", "2.0"]);
  });
});

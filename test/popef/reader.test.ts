import { describe, expect, test } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Reader, Writer } from "../../src/popef/index.ts";
import { nativeOwnerOf } from "../../src/tensor/index.ts";
import { contentsOf, Folder, failure, smallFile, thrown } from "./files.ts";

const file = smallFile();
const tensorFile = (name: string, ...values: number[]) => {
  const writer = new Writer();
  writer
    .createTensorData({ name, tensorInfo: { shape: [values.length], dataType: "U8" } })
    .write(Uint8Array.from(values));
  writer.close();
  return writer.bytes();
};

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

describe("a reader", () => {
  test("gives the same from a file, from bytes and from streams, blocking or not", async () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    const expected = contentsOf(file);
    const readers = [
      new Reader().parseFile(folder.file()),
      await new Reader().parseFileAsync(folder.file()),
      new Reader().parseBytes(file.buffer),
      new Reader().parseBytes(new DataView(file.buffer)),
      new Reader().parseStream(pieces(file, 7)),
      await new Reader().parseStreamAsync(Bun.file(folder.file()).stream()),
    ];
    for (const reader of readers) {
      const data = ({ data }: { data: { bytes(): Uint8Array } }) => data.bytes();
      expect({
        metadata: reader.metadata(),
        executables: reader.executables().map((blob) => [blob.name, data(blob)]),
        opaqueBlobs: reader.opaqueBlobs().map((blob) => [blob.name, blob.executable, data(blob)]),
        tensors: reader.tensors().map((blob) => [blob.info, data(blob)]),
        feeds: reader.feeds().map((blob) => [blob.info, data(blob)]),
      }).toEqual(expected as never);
      reader.close();
    }
  });

  test("adds each file to those before, in order", async () => {
    using folder = new Folder();
    writeFileSync(folder.file("a"), tensorFile("a", 1));
    writeFileSync(folder.file("c"), tensorFile("c", 3));
    using reader = new Reader();
    reader.parseFile(folder.file("a")).parseBytes(tensorFile("b", 2));
    await reader.parseFileAsync(folder.file("c"));
    expect(reader.tensors().map(({ info, data }) => [info.name, ...data.bytes()])).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]);
    expect(thrown(() => reader.parseBytes(Uint8Array.of(1)))).toEqual(failure("invalid_popef"));
    expect(reader.tensors()).toHaveLength(3);
  });

  test("reads an empty file as no blobs", () => {
    using reader = new Reader().parseBytes(new Uint8Array(0));
    expect(reader.blobs()).toEqual([]);
  });

  test("shows each data once, however often it is asked", () => {
    using reader = new Reader().parseBytes(file);
    expect(reader.tensors()[0]).toBe(reader.tensors()[0]!);
    expect(reader.tensors()[0]!.data.bytes().buffer).toBe(reader.tensors()[0]!.data.bytes().buffer);
  });

  test("says which file it cannot read", async () => {
    using folder = new Folder();
    mkdirSync(folder.file("folder"));
    for (const [path, words] of [
      [folder.file("none"), "ENOENT"],
      [folder.file("folder"), "no regular file"],
      ["/dev/zero", "no regular file"],
      ["a\0b", "cannot be opened"],
    ] as const) {
      expect(thrown(() => new Reader().parseFile(path))).toEqual(failure("file_not_found", words));
      expect(await new Reader().parseFileAsync(path).catch((error) => error)).toEqual(failure("file_not_found", words));
    }
    expect(thrown(() => new Reader().parseBytes("bytes" as never))).toEqual(failure("invalid_argument"));
    expect(thrown(() => new Reader().parseStream("bytes" as never))).toEqual(
      failure("invalid_argument", "stream is b"),
    );
  });

  test("leaves no file open when it is closed, or could not parse it", async () => {
    using folder = new Folder();
    writeFileSync(folder.file("good"), file);
    writeFileSync(folder.file("bad"), file.subarray(0, 100));
    const open = () => openBelow(dirname(folder.file("good")));
    const reader = new Reader().parseFile(folder.file("good"));
    await reader.parseFileAsync(folder.file("good"));
    expect(thrown(() => new Reader().parseFile(folder.file("bad")))).toEqual(failure("invalid_popef"));
    expect(await new Reader().parseFileAsync(folder.file("bad")).catch((error) => error)).toEqual(
      failure("invalid_popef"),
    );
    expect(open()).toBe(2);
    reader.close();
    reader.close();
    expect(open()).toBe(0);
  });

  test("is aborted between two reads", async () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    const aborted = AbortSignal.abort("no longer");
    expect(await new Reader().parseFileAsync(folder.file(), { signal: aborted }).catch((error) => error)).toBe(
      "no longer",
    );
    const controller = new AbortController();
    const reading = new Reader().parseFileAsync(folder.file(), { signal: controller.signal });
    controller.abort("not now");
    expect(await reading.catch((error) => error)).toBe("not now");
  });

  test("and its data are closed together", () => {
    const reader = new Reader().parseBytes(file);
    expect(reader.closed).toBe(false);
    const { data } = reader.tensors()[0]!;
    const bytes = data.bytes();
    reader.close();
    expect([reader.closed, bytes.byteLength]).toEqual([true, 0]);
    for (const use of [
      () => data.bytes(),
      () => data.native,
      () => data.window(0, 1),
      () => data.standalone(),
      () => reader.tensors(),
      () => reader.metadata(),
      () => reader.parseBytes(file),
    ]) {
      expect(thrown(use)).toEqual(failure("closed", "the reader was closed"));
    }
  });
});

describe("data", () => {
  test("is mapped when it is looked at, wherever it begins, and passes by reference", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    using reader = new Reader().parseFile(folder.file());
    for (const blob of [...reader.tensors(), ...reader.feeds(), ...reader.opaqueBlobs(), ...reader.executables()]) {
      const bytes = blob.data.bytes();
      const { slot, generation, byteOffset, memoryKind } = blob.data.native;
      expect(nativeOwnerOf(bytes)).toEqual({ slot, generation, byteOffset, memoryKind });
      expect(memoryKind).toBe("host");
    }
    const offsets = reader.blobs().map(({ blob }) => blob.dataOffset % 4);
    expect(offsets.some((offset) => offset !== 0)).toBe(true);
  });

  test("is private: writing to it changes neither the file nor what others map", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    using reader = new Reader().parseFile(folder.file());
    using other = new Reader().parseFile(folder.file());
    const { data } = reader.tensors()[0]!;
    data.bytes().fill(0);
    expect(other.tensors()[0]!.data.bytes()).toEqual(Uint8Array.of(6, 7, 8));
    expect(readFileSync(folder.file())).toEqual(Buffer.from(file));
    data.close();
    expect(data.bytes()).toEqual(Uint8Array.of(6, 7, 8));
  });

  test("comes from the file that was read, also when another took its name or it was deleted", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    writeFileSync(folder.file("other"), tensorFile("w", 0, 0, 0));
    using reader = new Reader().parseFile(folder.file());
    renameSync(folder.file("other"), folder.file());
    expect(reader.tensors()[0]!.data.bytes()).toEqual(Uint8Array.of(6, 7, 8));
  });

  test("that was cut off since is an error, not a crash", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    using reader = new Reader().parseFile(folder.file());
    truncateSync(folder.file(), 100);
    expect(thrown(() => reader.tensors()[0]!.data.bytes())).toEqual(failure("out_of_bounds"));
  });

  test("has windows, which stay within it", () => {
    using reader = new Reader().parseBytes(file);
    const { data } = reader.feeds()[0]!;
    expect(data.window(1, 2).bytes()).toEqual(Uint8Array.of(255, 2));
    expect(data.window(1, 3).window(1, 1).bytes()).toEqual(Uint8Array.of(2));
    expect(data.window(4, 0).bytes()).toEqual(new Uint8Array(0));
    for (const [offset, length] of [
      [0, 5],
      [5, 0],
      [4, 1],
    ] as const) {
      expect(thrown(() => data.window(offset, length))).toEqual(
        failure("out_of_bounds", `${length} bytes at ${offset}`),
      );
    }
    for (const offset of [-1, 0.5, Number.NaN]) {
      expect(thrown(() => data.window(offset, 1))).toEqual(failure("invalid_argument", "byteOffset"));
    }
  });

  test("of a feed is had tensor by tensor", () => {
    using reader = new Reader().parseBytes(file);
    const feed = reader.feeds()[0]!;
    expect([0, 1].map((index) => new Int16Array(feed.tensor(index).bytes().slice().buffer)[0])).toEqual([-1, 2]);
    expect(thrown(() => feed.tensor(2))).toEqual(failure("invalid_argument", "from 0 to 1"));
  });

  test("can have a life of its own, which the reader does not end", () => {
    using folder = new Folder();
    writeFileSync(folder.file(), file);
    const reader = new Reader().parseFile(folder.file());
    const [looked, unlooked] = [reader.tensors()[0]!.data.standalone(), reader.feeds()[0]!.data.standalone()];
    const bytes = looked.bytes();
    reader.close();
    expect(bytes).toEqual(Uint8Array.of(6, 7, 8));
    expect(unlooked.bytes()).toEqual(Uint8Array.of(255, 255, 2, 0));
    looked.close();
    looked.close();
    unlooked[Symbol.dispose]();
    expect(bytes.byteLength).toBe(0);
    expect(thrown(() => looked.bytes())).toEqual(failure("closed"));
  });

  test("above 4 GiB is reached through windows", () => {
    using folder = new Folder();
    const size = 4 * 2 ** 30 + 10;
    // A file with a hole: nothing of its data is on the disk.
    writeFileSync(folder.file(), largeFile(size));
    truncateSync(folder.file(), largeFile(size).byteLength + size);
    expect(statSync(folder.file()).size).toBeGreaterThan(2 ** 32);
    using reader = new Reader().parseFile(folder.file());
    const { data } = reader.tensors()[0]!;
    expect(data.byteLength).toBe(size);
    expect(thrown(() => data.bytes())).toEqual(failure("too_large"));
    const end = data.window(size - 10, 10);
    end.bytes().fill(1);
    expect(data.window(size - 11, 3).bytes()).toEqual(new Uint8Array(3));
    expect(end.bytes()).toEqual(new Uint8Array(10).fill(1));
  });
});

/** What stands in front of the data of a large tensor. */
function largeFile(size: number): Uint8Array {
  const front: Uint8Array[] = [];
  const writer = new Writer({ write: (bytes) => front.push(bytes) });
  writer.createTensorData({ name: "x", tensorInfo: { shape: [size], dataType: "U8" } });
  return new Uint8Array(Buffer.concat(front));
}

test("reading does not load what only writing needs", async () => {
  using folder = new Folder();
  writeFileSync(folder.file(), file);
  const index = join(import.meta.dir, "../../src/popef/index.ts");
  const program = `
    const { Model, Writer } = await import(${JSON.stringify(index)});
    const loaded = () => Object.keys(require.cache).some((path) => path.includes("capnp-es"));
    using model = await Model.open(${JSON.stringify(folder.file())});
    const before = loaded();
    new Writer().write(model.metadata);
    console.log(before, loaded());`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", program]);
  expect(stdout.toString()).toBe("false true\n");
});

/** Files of a folder that this process has open. */
function openBelow(folder: string): number {
  return readdirSync("/proc/self/fd").filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).startsWith(`${folder}/`);
    } catch {
      return false; // the listing's own
    }
  }).length;
}

import { describe, expect, test } from "bun:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { type Compression, ModelBuilder, Reader, Writer } from "../../src/popef/index.ts";
import { encodeExecutable, encodeHeader } from "../../src/popef/message/encode.ts";
import { failure, thrown } from "./files.ts";
import { fileOf } from "./segments.ts";

const plain = Uint8Array.from({ length: 100_000 }, (_, index) => index >> 8);

/** A reader of one executable whose data is stated to become `size` bytes. */
function readerOf(stored: Uint8Array, size: number): Reader {
  const header = encodeHeader({ version: "1", type: "poplarExecutable", size: 0 });
  return new Reader().parseBytes(fileOf(header, encodeExecutable({ name: "net", uncompressedSize: size }), stored));
}

describe("a compressed executable", () => {
  test.each(["gzip", "zlib", "zstd"] as const)("of %s is what it was, blocking or not", async (compress) => {
    for (const load of [false, true]) {
      const writer = new Writer();
      const blob = writer.createExecutable("net", { compress });
      blob.write(plain.subarray(0, 50_000));
      blob.write(plain.subarray(50_000));
      writer.close();
      expect(writer.bytes().byteLength).toBeLessThan(10_000);
      using reader = new Reader().parseBytes(writer.bytes());
      const [executable] = reader.executables();
      expect([executable!.isCompressed, executable!.data.byteLength]).toEqual([true, 100_000]);
      expect(executable!.storedData.byteLength).toBeLessThan(10_000);
      if (load) await executable!.loadAsync();
      expect(executable!.data.bytes()).toEqual(plain);
      expect(executable!.data.window(256, 2).bytes()).toEqual(Uint8Array.of(1, 1));
    }
  });

  test("is told by its first bytes, and is zstd where `compress` is true", () => {
    const firstBytes = (compress?: boolean | Compression) => {
      const writer = new Writer();
      writer.createExecutable("net", { compress }).write(plain);
      writer.close();
      using reader = new Reader().parseBytes(writer.bytes());
      return reader.executables()[0]!.storedData.bytes().slice(0, 4).toHex();
    };
    expect(firstBytes(true)).toBe("28b52ffd");
    expect(firstBytes("zstd")).toBe("28b52ffd");
    expect(firstBytes("gzip")).toStartWith("1f8b");
    expect(firstBytes("zlib")).toStartWith("78");
    expect(firstBytes(false)).toBe("00000000");
    expect(firstBytes()).toBe("00000000");
  });

  test("may be empty", () => {
    using reader = readerOf(gzipSync(new Uint8Array(0)), 0);
    expect(reader.executables()[0]!.data.bytes()).toEqual(new Uint8Array(0));
  });

  test("outlives its reader in a model, and is closed with the model", () => {
    const writer = new Writer();
    writer.createExecutable("net", { compress: true }).write(plain);
    writer.write({ executable: "net" });
    writer.close();
    const reader = new Reader().parseBytes(writer.bytes());
    const model = new ModelBuilder(reader).createModel();
    reader.close();
    const bytes = model.executable.data.bytes();
    expect(bytes).toEqual(plain);
    model.close();
    expect(bytes.byteLength).toBe(0);
  });

  test("is not loaded once its model was closed, and may be closed while it is loaded", async () => {
    const writer = new Writer();
    writer.createExecutable("net", { compress: true }).write(plain);
    writer.close();
    const reader = new Reader().parseBytes(writer.bytes());
    const [executable] = reader.executables();
    const loading = executable!.loadAsync();
    reader.close();
    await loading;
    expect(thrown(() => executable!.data.bytes())).toEqual(failure("closed"));
    expect(await executable!.loadAsync().catch((error) => error)).toEqual(failure("closed"));
  });

  const wrong: [string, Uint8Array, number, string, ...string[]][] = [
    ["larger than stated", gzipSync(plain), 99_999, "invalid_popef", "the 99999 bytes that the file states"],
    ["smaller than stated", zstdCompressSync(plain), 100_001, "invalid_popef", "100000 bytes came out"],
    ["cut off", deflateSync(plain).subarray(0, 60), 100_000, "invalid_popef", "zlib"],
    ["damaged", gzipSync(plain).with(12, 255), 100_000, "invalid_popef", 'executable "net" of memory'],
    ["of LZ4", Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0), 10, "unsupported_compression", "LZ4"],
    ["of an unknown kind", Uint8Array.of(1, 2, 3, 4), 10, "unsupported_compression", "01020304"],
    ["without any bytes", new Uint8Array(0), 10, "unsupported_compression", "none"],
    ["stated to be of 2^52 bytes", gzipSync(plain), 2 ** 52, "too_large", "4503599627370496"],
  ];
  test.each(wrong)("%s is refused when it is looked at", async (_, stored, size, code, ...words) => {
    using reader = readerOf(stored, size);
    const [executable] = reader.executables();
    expect(thrown(() => executable!.data.bytes())).toEqual(failure(code, ...words));
    expect(await executable!.loadAsync().catch((error) => error)).toEqual(failure(code, ...words));
  });

  test.each([
    ["gzip", gzipSync],
    ["zlib", deflateSync],
    ["zstd", zstdCompressSync],
  ] as const)("that would become 256 MiB by %s takes no more than the size it states", (_, compress) => {
    const bomb = compress(new Uint8Array(256 * 1024 * 1024));
    expect(bomb.byteLength).toBeLessThan(1024 * 1024);
    using reader = readerOf(bomb, 1000);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    expect(thrown(() => reader.executables()[0]!.data.bytes())).toEqual(failure("invalid_popef", "1000 bytes"));
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });
});

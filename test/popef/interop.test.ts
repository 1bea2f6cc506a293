import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  Anchor,
  FeedDataInfo,
  Metadata,
  Option,
  ProgramFlow,
  Reader,
  TensorDataInfo,
  TensorInfo,
} from "../../src/popef/index.ts";
import {
  encodeExecutable,
  encodeFeedData,
  encodeHeader,
  encodeMetadata,
  encodeOpaque,
  encodeTensorData,
} from "../../src/popef/message/encode.ts";
import * as schema from "../../src/popef/schema/popef.generated.ts";
import { fullMetadata } from "./files.ts";
import { fileOf } from "./segments.ts";

// The stock tool of Cap'n Proto (Debian: capnproto), as an independent writer and reader.
const capnp = Bun.which("capnp");
if (capnp === null) console.warn("capnp is not installed: nothing is compared with it");
const definition = join(import.meta.dir, "../../src/popef/schema/popef.capnp");

function tool(input: string | Uint8Array, ...args: string[]): Buffer {
  const { stdout, stderr, exitCode } = Bun.spawnSync([capnp!, ...args], { stdin: Buffer.from(input) });
  if (exitCode !== 0) throw new Error(`capnp ${args.join(" ")}: ${stderr}`);
  return stdout;
}

const decode = (message: Uint8Array, type: string) =>
  tool(message, "decode", "--short", definition, type).toString().trim();
const encode = (text: string, type: string, ...options: string[]) =>
  new Uint8Array(tool(text, "encode", ...options, definition, type));

/** A value as the tool writes it and reads it. */
function textOf(value: unknown): string {
  if (value instanceof Map) return textOf(Array.from(value, ([index, name]) => ({ index, name })));
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (value instanceof Metadata || value instanceof Anchor) return structText(value);
  if (value instanceof TensorInfo)
    return structText({ shape: value.shape, dataType: Symbol(value.dataType.toLowerCase()) });
  if (value instanceof ProgramFlow || value instanceof Option || value instanceof TensorDataInfo)
    return structText(value);
  if (typeof value === "symbol") return value.description!;
  if (typeof value === "object" && value !== null) return structText(value);
  return JSON.stringify(value);
}

function structText(struct: object): string {
  const isEnumerant = (name: string) => name === "type";
  return `(${Object.entries(struct)
    .map(([name, value]) => `${name} = ${isEnumerant(name) ? value : textOf(value)}`)
    .join(", ")})`;
}

const metadata = new Metadata(fullMetadata);
const tensorInfo = new TensorInfo({ shape: [2, 3], dataType: "F8152" });

describe.skipIf(capnp === null)("the stock capnp tool", () => {
  test("reads our headers and our messages", () => {
    expect(decode(encodeHeader({ version: "1.0", type: "opaque", size: 2 ** 40 + 1 }), "BlobHeader")).toBe(
      '(version = "1.0", type = opaque, size = 1099511627777)',
    );
    expect(decode(encodeExecutable({ name: "net", uncompressedSize: undefined }), "PoplarExecutable")).toBe(
      '(name = "net", uncompressedSize = 18446744073709551615)',
    );
    expect(decode(encodeExecutable({ name: "net", uncompressedSize: 7 }), "PoplarExecutable")).toBe(
      '(name = "net", uncompressedSize = 7)',
    );
    expect(decode(encodeOpaque({ name: "a", executable: "b" }), "Opaque")).toBe('(name = "a", executable = "b")');
    const info = "tensorInfo = (shape = [2, 3], dataType = f8152)";
    expect(decode(encodeTensorData(new TensorDataInfo({ name: "w", tensorInfo })), "TensorDataInfo")).toBe(
      `(name = "w", ${info})`,
    );
    expect(decode(encodeFeedData(new FeedDataInfo({ name: "x", tensorInfo, numTensors: 9 })), "FeedDataInfo")).toBe(
      `(name = "x", ${info}, numTensors = 9)`,
    );
  });

  test("reads our metadata, field by field", () => {
    // Its own message of the same fields is the judge: both are printed by it, in one order.
    const ours = decode(encodeMetadata(metadata), "Metadata");
    expect(ours).toBe(decode(encode(textOf(metadata), "Metadata"), "Metadata"));
    expect(ours).toContain('engineOptions = [(name = "exchange.enablePrefetch", value = "true")]');
    expect(ours).toContain("isPerReplica = true, useRemoteBuffers = false, repeats = 1");
  });

  test.each([[[]], [["--segment-size=1"]], [["--segment-size=9"]], [["--segment-size=64"]]])(
    "writes metadata that we read, with %j",
    (options) => {
      const message = encode(textOf(metadata), "Metadata", ...options);
      using reader = new Reader().parseBytes(fileOf(encodeHeader({ version: "", type: "metadata", size: 0 }), message));
      expect(reader.metadata()).toEqual([metadata]);
      const segments = new DataView(message.buffer).getUint32(0, true) + 1;
      expect(segments > 1).toBe(options.length > 0);
    },
  );

  test("writes other messages that we read", () => {
    const blob = (type: "opaque" | "dataFeed" | "dataTensor" | "poplarExecutable", info: Uint8Array, data: number) =>
      fileOf(encodeHeader({ version: "", type, size: 0 }), info, new Uint8Array(data));
    const shape = "tensorInfo = (shape = [3], dataType = s16)";
    using reader = new Reader()
      .parseBytes(blob("opaque", encode('(name = "a", executable = "b")', "Opaque"), 3))
      .parseBytes(blob("dataTensor", encode(`(name = "w", ${shape})`, "TensorDataInfo", "--segment-size=1"), 6))
      .parseBytes(blob("dataFeed", encode(`(name = "x", ${shape}, numTensors = 2)`, "FeedDataInfo"), 12))
      .parseBytes(blob("poplarExecutable", encode('(name = "net", uncompressedSize = 5)', "PoplarExecutable"), 1));
    const { name, executable } = reader.opaqueBlobs()[0]!;
    expect([name, executable]).toEqual(["a", "b"]);
    const info = new TensorInfo({ shape: [3], dataType: "S16" });
    expect(reader.tensors()[0]!.info).toEqual(new TensorDataInfo({ name: "w", tensorInfo: info }));
    expect(reader.feeds()[0]!.info).toEqual(new FeedDataInfo({ name: "x", tensorInfo: info, numTensors: 2 }));
    expect(reader.executables()[0]!.data.byteLength).toBe(5);
  });

  test("reads our blob headers wherever they stand in a file", () => {
    const header = encodeHeader({ version: "3.3.0", type: "dataFeed", size: 4096 });
    expect(decode(encode(decode(header, "BlobHeader"), "BlobHeader"), "BlobHeader")).toBe(decode(header, "BlobHeader"));
    expect(encode('(version = "3.3.0", type = dataFeed, size = 4096)', "BlobHeader").byteLength).toBe(
      header.byteLength,
    );
  });

  test("compiles the schema to the classes that are there", () => {
    const text = tool("", "compile", "-ocapnp", definition).toString();
    const structs = [...text.matchAll(/^struct (\w+) @0x(\w+) \{ {2}# (\d+) bytes, (\d+) ptrs/gm)];
    const classes = structs.map(
      ([, name]) => (schema as never as Record<string, typeof schema.Metadata>)[name!]!._capnp,
    );
    expect(classes.map(({ id, size }) => [id, size.dataByteLength, size.pointerLength])).toEqual(
      structs.map(([, , id, bytes, pointers]) => [id!, Number(bytes), Number(pointers)]),
    );
    expect(structs).toHaveLength(11);
    expect(schema._capnpFileId).toBe(0xccd20560625ac450n);
  });
});

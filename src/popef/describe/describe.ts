import { off } from "../../native/switches.ts";
import type { Blob, BlobOf } from "../blob.ts";
import { BlobType } from "../blob-type.ts";
import { recognizeCompression } from "../compression/compression.ts";
import type { PlacedBlob } from "../reading/placed-blob.ts";
import { Reader } from "../reading/reader.ts";
import type { Source } from "../storage/source.ts";
import { containerHeaderBytes, describeContainer } from "./container.ts";
import { describeMetadata } from "./metadata.ts";

/**
 * What is in a file, as text for people: every blob with its place, its size and what its message says; of executables
 * the header, with a remark where its sizes do not add up. Blocks while it reads from a path.
 *
 * @throws as `Reader.parseFile`
 */
export function describe(file: string | Reader): string {
  if (file instanceof Reader) return describeBlobs(file.blobs());
  using reader = new Reader().parseFile(file);
  return describeBlobs(reader.blobs());
}

/** As `describe`, off the event loop. */
export async function describeAsync(path: string): Promise<string> {
  using reader = await new Reader().parseFileAsync(path);
  return describeBlobs(reader.blobs());
}

function describeBlobs(blobs: readonly PlacedBlob[]): string {
  const files = [...Map.groupBy(blobs, ({ source }) => source)];
  return files.map(([source, of]) => `${describeSource(source, of)}\n`).join("");
}

function describeSource(source: Source, blobs: readonly PlacedBlob[]): string {
  const count = `${blobs.length} ${blobs.length === 1 ? "blob" : "blobs"}`;
  return [`${source.name}: ${count}, ${source.byteLength} bytes`, ...blobs.flatMap(describeBlob)].join("\n");
}

function describeBlob({ blob, source }: PlacedBlob): string[] {
  const place = `at byte ${blob.byteOffset}, ${blob.byteLength} bytes, version ${JSON.stringify(blob.version)}`;
  const lines = off("popef_describe_infos") ? [] : details(blob, source);
  return [`  ${blob.type} ${place}`, ...lines.map((line) => `    ${line}`)];
}

function details(blob: Blob, source: Source): string[] {
  switch (blob.type) {
    case BlobType.PoplarExecutable:
      return describeExecutable(blob, source);
    case BlobType.Metadata:
      return describeMetadata(blob.info);
    case BlobType.DataTensor:
      return [`tensor ${JSON.stringify(blob.info.name)}: ${blob.info.tensorInfo}, ${blob.info.sizeInBytes()} bytes`];
    case BlobType.DataFeed:
      return [`feed ${JSON.stringify(blob.info.name)}: ${blob.info.numTensors} times ${blob.info.tensorInfo}`];
    case BlobType.Opaque: {
      const { name, executable } = blob.info;
      return [`${JSON.stringify(name)} of executable ${JSON.stringify(executable)}: ${dataBytes(blob)} bytes`];
    }
  }
}

function describeExecutable(blob: BlobOf<typeof BlobType.PoplarExecutable>, source: Source): string[] {
  const { name, uncompressedSize } = blob.info;
  const stored = dataBytes(blob);
  const start = source.read(blob.dataOffset, Math.min(stored, containerHeaderBytes));
  if (uncompressedSize === undefined) {
    return [`executable ${JSON.stringify(name)}: ${stored} bytes`, ...describeContainer(start, stored)];
  }
  const how = recognizeCompression(start) ?? "in an unknown way";
  return [`executable ${JSON.stringify(name)}: ${uncompressedSize} bytes, compressed (${how}) to ${stored}`];
}

function dataBytes(blob: Blob): number {
  return blob.byteOffset + blob.byteLength - blob.dataOffset;
}

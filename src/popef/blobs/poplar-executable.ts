import { makeError } from "../../native/error.ts";

/** The header of an executable that Poplar serialised: sizes in bytes. */
export interface PoplarHeader {
  /** The number in its magic, `GC_EXE_3`. */
  readonly version: number;
  readonly archiveSize: number;
  readonly compressedArchiveSize: number;
  readonly metadataSize: number;
  readonly compressedMetadataSize: number;
}

export const poplarHeaderBytes = 40;

/** The version of Poplar's container that bytes begin with, or undefined when they are something else. */
export function recognizePoplar(bytes: Uint8Array): number | undefined {
  const version = /^GC_EXE_([1-9])$/.exec(String.fromCharCode(...bytes.subarray(0, 8)))?.[1];
  return version === undefined ? undefined : Number(version);
}

/**
 * Reads the header of a Poplar executable of `byteLength` bytes; undefined when it is none. Header, archive and metadata
 * are all that it has.
 *
 * @throws FormatError `invalid_executable`: their sizes do not add up to its own.
 */
export function readPoplarHeader(header: Uint8Array, byteLength: number, op: string): PoplarHeader | undefined {
  const version = recognizePoplar(header);
  if (version === undefined) return undefined;
  const invalid = (why: string) => makeError("invalid_executable", { op, message: `GC_EXE_${version}: ${why}.` });
  if (header.byteLength < poplarHeaderBytes) {
    throw invalid(`${header.byteLength} bytes, its header alone has ${poplarHeaderBytes}`);
  }
  const view = new DataView(header.buffer, header.byteOffset, poplarHeaderBytes);
  const sizes = [8, 16, 24, 32].map((at) => view.getBigUint64(at, true));
  const [archive, compressedArchive, metadata, compressedMetadata] = sizes as [bigint, bigint, bigint, bigint];
  const total = BigInt(poplarHeaderBytes) + compressedArchive + compressedMetadata;
  if (total !== BigInt(byteLength)) {
    throw invalid(
      `${poplarHeaderBytes} bytes of header, ${compressedArchive} of archive and ${compressedMetadata} of metadata are ${total}, it has ${byteLength}`,
    );
  }
  return {
    version,
    archiveSize: Number(archive),
    compressedArchiveSize: Number(compressedArchive),
    metadataSize: Number(metadata),
    compressedMetadataSize: Number(compressedMetadata),
  };
}

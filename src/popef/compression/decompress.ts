import { promisify } from "node:util";
import {
  deflateSync,
  gunzip,
  gunzipSync,
  gzipSync,
  inflate,
  inflateSync,
  type ZlibOptions,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from "node:zlib";
import { bufferBytesMax } from "../../native/buffer.ts";
import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import { Compression, recognizeCompression } from "./compression.ts";

type Bounded = Pick<ZlibOptions, "maxOutputLength">;

const codecs = {
  [Compression.Gzip]: { compress: gzipSync, sync: gunzipSync, async: promisify(gunzip) },
  [Compression.Zlib]: { compress: deflateSync, sync: inflateSync, async: promisify(inflate) },
  [Compression.Zstd]: { compress: zstdCompressSync, sync: zstdDecompressSync, async: promisify(zstdDecompress) },
} as {
  readonly [C in Compression]: {
    compress(bytes: Uint8Array): Uint8Array;
    sync(bytes: Uint8Array, options: Bounded): Uint8Array;
    async(bytes: Uint8Array, options: Bounded): Promise<Uint8Array>;
  };
};

export function compress(bytes: Uint8Array, compression: Compression): Uint8Array {
  return codecs[compression].compress(bytes);
}

interface Job {
  readonly codec: (typeof codecs)[Compression];
  readonly options: Bounded;
  /** What is wrong, when the decompressor failed or made another number of bytes. */
  wrong(cause: unknown): Error;
}

/** @throws FormatError `unsupported_compression`, ArgumentError `too_large` */
function prepare(bytes: Uint8Array, size: number, what: string, op: string): Job {
  const compression = recognizeCompression(bytes);
  if (compression === undefined || compression === "LZ4") {
    const start = bytes.slice(0, 4).toHex();
    const how = compression ?? `in an unknown way (its first bytes are ${start || "none"})`;
    throw makeError("unsupported_compression", {
      op,
      message: `${what} is compressed ${compression ? "with " : ""}${how}.`,
    });
  }
  if (size > bufferBytesMax) throw makeError("too_large", { op, message: `${what} has ${size} bytes uncompressed.` });
  return {
    codec: codecs[compression],
    // 0 would mean "no limit".
    options: off("popef_bounded_output") ? {} : { maxOutputLength: Math.max(size, 1) },
    wrong: (cause) =>
      makeError("invalid_popef", {
        op,
        message: `${what} does not decompress (${compression}) to the ${size} bytes that the file states: ${
          cause instanceof Error ? cause.message : String(cause)
        }.`,
        cause,
      }),
  };
}

function requireSize(result: Uint8Array, size: number, { wrong }: Job): Uint8Array {
  if (result.byteLength !== size) throw wrong(`${result.byteLength} bytes came out`);
  return result;
}

/**
 * Exactly `size` bytes. No more than that are ever made, whatever the compressed bytes would become.
 *
 * @throws FormatError `invalid_popef`, `unsupported_compression`; ArgumentError `too_large`
 */
export function decompress(bytes: Uint8Array, size: number, what: string, op: string): Uint8Array {
  const job = prepare(bytes, size, what, op);
  let result: Uint8Array;
  try {
    result = job.codec.sync(bytes, job.options);
  } catch (cause) {
    throw job.wrong(cause);
  }
  return requireSize(result, size, job);
}

/** As `decompress`, off the event loop. */
export async function decompressAsync(bytes: Uint8Array, size: number, what: string, op: string): Promise<Uint8Array> {
  const job = prepare(bytes, size, what, op);
  const result = await job.codec.async(bytes, job.options).catch((cause: unknown) => {
    throw job.wrong(cause);
  });
  return requireSize(result, size, job);
}

import { makeError } from "../../native/error.ts";
import { off, switchable } from "../../native/switches.ts";
import { BlobType } from "../blob-type.ts";
import { Compression } from "../compression/compression.ts";
import { FeedDataInfo, type FeedDataInfoOptions, TensorDataInfo, type TensorDataInfoOptions } from "../data-info.ts";
import { encodeExecutable, encodeFeedData, encodeMetadata, encodeOpaque, encodeTensorData } from "../message/encode.ts";
import { Metadata, type MetadataOptions } from "../metadata.ts";
import type { PlacedBlob } from "../reading/placed-blob.ts";
import { requireText } from "../requirements.ts";
import { type BlobPlan, BlobWriter } from "./blob-writer.ts";
import { MemorySink } from "./memory-sink.ts";
import { MultiFeedWriter } from "./multi-feed-writer.ts";
import type { Sink } from "./sink.ts";
import { type PopefTarget, StreamSink } from "./stream-sink.ts";

export interface WriterOptions {
  /** Written into each blob's header; readers accept any. `"1.0.0"` unless given. */
  readonly version?: string | undefined;
}

export interface ExecutableOptions {
  /** `true` is zstd. Compressed data is kept in memory until the blob is closed. False unless given. */
  readonly compress?: boolean | Compression | undefined;
}

const defaults = switchable("Writer", { version: "1.0.0", compress: false as boolean | Compression });

/**
 * Writes PopEF blobs, one after another, to memory or to a stream. `FileWriter` writes to a file.
 *
 * ```ts
 * using writer = new Writer();
 * writer.write({ executable: "net", anchors: [{ name: "w", tensorInfo: { shape: [2, 3] }, type: "input" }] });
 * writer.createTensorData({ name: "w", tensorInfo: { shape: [2, 3] } }).write(new Float32Array(6));
 * writer.close();
 * writer.bytes();
 * ```
 */
export class Writer implements Disposable {
  readonly #sink: Sink;
  readonly #version: string;
  #active: { readonly isActive: boolean; close(): void } | undefined;
  #closed = false;
  #broken = false;

  /** @param target where bytes go; without it they are collected for `bytes()`. */
  constructor(target?: PopefTarget | undefined, options?: WriterOptions);
  /** @internal */
  constructor(target: undefined, options: WriterOptions, sink: Sink);
  constructor(target?: PopefTarget | undefined, options: WriterOptions = {}, sink?: Sink) {
    this.#sink = sink ?? (target === undefined ? new MemorySink() : new StreamSink(target));
    this.#version = requireText(options.version ?? defaults.version, "version", "Writer");
  }

  /**
   * Begins an executable; its data is written to what this returns. Beginning a blob finishes the one before.
   *
   * @throws ArgumentError `invalid_argument` (no name, an unknown compression), `wrong_size` (the blob before was not
   * complete); StateError `writer_inactive` (this writer was closed)
   */
  createExecutable(name: string, options: ExecutableOptions = {}): BlobWriter {
    const op = "Writer.createExecutable";
    if (requireText(name, "name", op) === "") {
      throw makeError("invalid_argument", { op, message: "an executable needs a name, which its metadata has too." });
    }
    const compression = compressionOf(options.compress ?? defaults.compress, op);
    return this.#begin({
      type: BlobType.PoplarExecutable,
      version: this.#version,
      what: `executable ${JSON.stringify(name)}`,
      info: (uncompressedSize) => encodeExecutable({ name, uncompressedSize }),
      compression,
    });
  }

  /** Begins bytes of your own, kept beside an executable. Throws as `createExecutable`. */
  createOpaqueBlob(name: string, executable: string): BlobWriter {
    const op = "Writer.createOpaqueBlob";
    const info = { name: requireText(name, "name", op), executable: requireText(executable, "executable", op) };
    return this.#begin({
      type: BlobType.Opaque,
      version: this.#version,
      what: `opaque blob ${JSON.stringify(name)}`,
      info: () => encodeOpaque(info),
    });
  }

  /** Begins the data of one tensor: exactly as many bytes as its info says. Throws as `createExecutable`. */
  createTensorData(info: TensorDataInfo | TensorDataInfoOptions): BlobWriter {
    const checked = info instanceof TensorDataInfo ? info : new TensorDataInfo(info);
    return this.#begin({
      type: BlobType.DataTensor,
      version: this.#version,
      what: `data of tensor ${JSON.stringify(checked.name)}`,
      info: () => encodeTensorData(checked),
      dataBytes: checked.sizeInBytes(),
    });
  }

  /** Begins the data of a feed: all its tensors, one after another. Throws as `createExecutable`. */
  createFeedData(info: FeedDataInfo | FeedDataInfoOptions): BlobWriter {
    const checked = info instanceof FeedDataInfo ? info : new FeedDataInfo(info);
    return this.#begin({
      type: BlobType.DataFeed,
      version: this.#version,
      what: `data of feed ${JSON.stringify(checked.name)}`,
      info: () => encodeFeedData(checked),
      dataBytes: checked.sizeInBytes(),
    });
  }

  /** Begins several feeds whose tensors come in any order. Throws as `createExecutable`. */
  createFeeds(infos: readonly (FeedDataInfo | FeedDataInfoOptions)[]): MultiFeedWriter {
    const checked = infos.map((info) => (info instanceof FeedDataInfo ? info : new FeedDataInfo(info)));
    this.#finishActive("Writer.createFeeds");
    const feeds = new MultiFeedWriter(this.#sink, checked, this.#version, this.#ended);
    this.#active = feeds;
    return feeds;
  }

  /** Writes metadata, which has no data. Throws as `createExecutable`, and what `Metadata` throws. */
  write(metadata: Metadata | MetadataOptions): void {
    const checked = metadata instanceof Metadata ? metadata : new Metadata(metadata);
    this.#begin({
      type: BlobType.Metadata,
      version: this.#version,
      what: "metadata",
      info: () => encodeMetadata(checked),
      dataBytes: 0,
    }).close();
  }

  /**
   * Writes a blob that a reader has (`Reader.blobs`) as it is, with the version text that it had: for leaving out, putting
   * in front or replacing others.
   */
  copy({ blob, source }: PlacedBlob): void {
    const end = blob.byteOffset + blob.byteLength;
    const info = source.read(blob.infoOffset, blob.dataOffset - blob.infoOffset);
    const writer = this.#begin({
      type: blob.type,
      version: blob.version,
      what: `${blob.type} of ${source.name}`,
      info: () => info,
      dataBytes: end - blob.dataOffset,
    });
    for (let at = blob.dataOffset; at < end; at += copyBytes)
      writer.write(source.read(at, Math.min(copyBytes, end - at)));
    writer.close();
  }

  /**
   * All bytes so far, of a writer to memory.
   * @throws ArgumentError `invalid_argument`: this one writes elsewhere.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#sink instanceof MemorySink) return this.#sink.bytes();
    throw makeError("invalid_argument", { op: "Writer.bytes", message: "the bytes went to a file or a stream." });
  }

  /**
   * Finishes the blob that is open, and the file. Closing twice is fine.
   * @throws ArgumentError `wrong_size`: that blob was not complete, and is not in the file.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#active?.close();
    } finally {
      this.#sink.end();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #ended = (complete: boolean): void => {
    this.#active = undefined;
    this.#broken = !complete;
  };

  #finishActive(op: string): void {
    if (this.#closed)
      throw makeError("writer_inactive", { op, message: "the writer was closed.", hint: "Make a new one." });
    if (!off("popef_one_writer")) this.#active?.close();
    if (this.#broken) {
      throw makeError("writer_inactive", {
        op,
        message: "the stream ends within a blob that could not be finished.",
        hint: "Write it anew.",
      });
    }
  }

  #begin(plan: BlobPlan): BlobWriter {
    this.#finishActive("Writer");
    const writer = new BlobWriter(this.#sink, plan, this.#ended);
    this.#active = writer;
    return writer;
  }
}

const copyBytes = 4 * 1024 * 1024;

function compressionOf(compress: boolean | Compression, op: string): Compression | undefined {
  if (compress === false) return undefined;
  if (compress === true) return Compression.Zstd;
  if (Object.values(Compression).includes(compress)) return compress;
  throw makeError("invalid_argument", {
    op,
    message: `compress is ${JSON.stringify(compress)}.`,
    hint: `Use true, false or one of ${Object.values(Compression).join(", ")}.`,
  });
}

switchable("Writer", Writer);

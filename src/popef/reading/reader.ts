import { makeError } from "../../native/error.ts";
import { switchable } from "../../native/switches.ts";
import { bytesOf, isRawBytes } from "../../tensor/index.ts";
import type { Blob, BlobOf } from "../blob.ts";
import { BlobType } from "../blob-type.ts";
import type { Executable } from "../blobs/executable.ts";
import type { OpaqueBlob } from "../blobs/opaque.ts";
import type { FeedDataBlob, TensorDataBlob } from "../blobs/tensors.ts";
import type { Metadata } from "../metadata.ts";
import { FileSource } from "../storage/file-source.ts";
import { Lifetime } from "../storage/lifetime.ts";
import { MemorySource } from "../storage/memory-source.ts";
import type { Source } from "../storage/source.ts";
import { blobsOf, openExecutable, openFeedData, openOpaque, openTensorData, type PlacedBlob } from "./placed-blob.ts";
import { scanBlobs } from "./scan.ts";

/**
 * Reads PopEF files: what each call parses is added to what was parsed before, so a model may be spread over several files.
 * Only headers and messages are read; data is mapped when it is looked at. Files stay open until `close`.
 *
 * ```ts
 * using reader = new Reader().parseFile("digits.popef").parseFile("weights.popef");
 * for (const { info, data } of reader.tensors()) show(info.name, data.bytes());
 * ```
 */
export class Reader implements Disposable {
  readonly #lifetime = new Lifetime("reader");
  #blobs: readonly PlacedBlob[] = [];
  readonly #made = new WeakMap<Blob, unknown>();

  /**
   * Reads from a file, and blocks meanwhile.
   * @throws NotFoundError `file_not_found`; FormatError `invalid_popef`, with the byte; StateError `closed`
   */
  parseFile(path: string): this {
    this.#lifetime.requireOpen("Reader.parseFile");
    const source = FileSource.open(path, "Reader.parseFile");
    return this.#add(source, () => {
      const pass = scanBlobs(source.byteLength, path);
      let step = pass.next();
      while (!step.done) step = pass.next(source.read(step.value.byteOffset, step.value.byteLength));
      return step.value;
    });
  }

  /** As `parseFile`, off the event loop. Aborting ends it between two reads. */
  async parseFileAsync(path: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<this> {
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    this.#lifetime.requireOpen("Reader.parseFileAsync");
    const source = await FileSource.openAsync(path, "Reader.parseFileAsync");
    try {
      const pass = scanBlobs(source.byteLength, path);
      let step = pass.next();
      while (!step.done) {
        const bytes = await source.readAsync(step.value.byteOffset, step.value.byteLength);
        if (signal?.aborted) throw signal.reason;
        step = pass.next(bytes);
      }
      const blobs = step.value;
      this.#lifetime.requireOpen("Reader.parseFileAsync");
      return this.#add(source.retain(), () => blobs);
    } finally {
      source.release();
    }
  }

  /**
   * Reads from memory. The bytes are copied, to native memory.
   * @throws FormatError `invalid_popef`, with the byte; ArgumentError `too_large` (4 GiB); CapacityError `out_of_memory`
   */
  parseBytes(bytes: Uint8Array | ArrayBuffer | SharedArrayBuffer | DataView, name = "memory"): this {
    if (!ArrayBuffer.isView(bytes) && !isRawBytes(bytes)) {
      throw makeError("invalid_argument", { op: "Reader.parseBytes", message: `${String(bytes)} are no bytes.` });
    }
    return this.#parsePieces([bytesOf(bytes)], name, "Reader.parseBytes");
  }

  /**
   * Reads what a stream yields, which may be anything that can be iterated: pieces of bytes.
   * @throws as `parseBytes`
   */
  parseStream(stream: Iterable<Uint8Array>, name = "stream"): this {
    this.#lifetime.requireOpen("Reader.parseStream");
    return this.#parsePieces([...stream], name, "Reader.parseStream");
  }

  /** As `parseStream`, from a stream that is waited for: a `ReadableStream`, a Node stream. */
  async parseStreamAsync(stream: AsyncIterable<Uint8Array>, name = "stream"): Promise<this> {
    this.#lifetime.requireOpen("Reader.parseStreamAsync");
    return this.#parsePieces(await Array.fromAsync(stream), name, "Reader.parseStreamAsync");
  }

  #parsePieces(pieces: readonly Uint8Array[], name: string, op: string): this {
    this.#lifetime.requireOpen(op);
    const wrong = pieces.find((piece) => !ArrayBuffer.isView(piece));
    if (wrong !== undefined) {
      throw makeError("invalid_argument", { op, message: `a piece of ${name} is ${String(wrong)}, not bytes.` });
    }
    const source = MemorySource.of(pieces, name, op);
    return this.#add(source, () => {
      const bytes = source.bytes();
      const pass = scanBlobs(bytes.byteLength, name);
      let step = pass.next();
      while (!step.done) {
        const { byteOffset, byteLength } = step.value;
        step = pass.next(bytes.subarray(byteOffset, byteOffset + byteLength));
      }
      return step.value;
    });
  }

  /** Takes the source over, or gives it back when it cannot be parsed. */
  #add(source: Source, parse: () => readonly Blob[]): this {
    let placed: PlacedBlob[];
    try {
      placed = parse().map((blob) => ({ blob, source }));
    } catch (error) {
      source.release();
      throw error;
    }
    this.#lifetime.own(source);
    this.#blobs = [...this.#blobs, ...placed];
    return this;
  }

  executables(): readonly Executable[] {
    return this.#opened(BlobType.PoplarExecutable, openExecutable);
  }

  metadata(): readonly Metadata[] {
    return blobsOf(this.blobs(), BlobType.Metadata).map(({ blob }) => blob.info);
  }

  tensors(): readonly TensorDataBlob[] {
    return this.#opened(BlobType.DataTensor, openTensorData);
  }

  feeds(): readonly FeedDataBlob[] {
    return this.#opened(BlobType.DataFeed, openFeedData);
  }

  opaqueBlobs(): readonly OpaqueBlob[] {
    return this.#opened(BlobType.Opaque, openOpaque);
  }

  /** Each blob is opened once: who asks twice gets the same objects, and one mapping. */
  #opened<T extends BlobType, R>(type: T, open: (blob: PlacedBlob<BlobOf<T> & Blob>, lifetime: Lifetime) => R): R[] {
    this.#lifetime.requireOpen("Reader");
    return blobsOf(this.#blobs, type).map((placed) => {
      const made = (this.#made.get(placed.blob) as R | undefined) ?? open(placed, this.#lifetime);
      this.#made.set(placed.blob, made);
      return made;
    });
  }

  /** Every blob in the order of the files, for rewriting (`Writer.copy`) and for linking. */
  blobs(): readonly PlacedBlob[] {
    this.#lifetime.requireOpen("Reader.blobs");
    return this.#blobs;
  }

  get closed(): boolean {
    return this.#lifetime.closed;
  }

  /** Closes the files. Data of this reader is then `closed`; models made of it stay. Closing twice is fine. */
  close(): void {
    this.#lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

switchable("Reader", Reader);

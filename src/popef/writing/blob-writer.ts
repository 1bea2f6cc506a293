import { makeError } from "../../native/error.ts";
import { switchable } from "../../native/switches.ts";
import { asTensor, bytesOf, isRawBytes, isRawMemory, rawBytes, type TensorInput } from "../../tensor/index.ts";
import type { BlobType } from "../blob-type.ts";
import type { Compression } from "../compression/compression.ts";
import { compress } from "../compression/decompress.ts";
import { encodeHeader } from "../message/encode.ts";
import type { Sink } from "./sink.ts";

/** A blob to be written. */
export interface BlobPlan {
  readonly type: BlobType;
  readonly version: string;
  /** For messages: `tensor data of "w"`. */
  readonly what: string;
  /** Its message, which for a compressed executable names the size that its data had. */
  info(uncompressedSize: number | undefined): Uint8Array;
  /** Exact size of the data, where its message says it. */
  readonly dataBytes?: number | undefined;
  readonly compression?: Compression | undefined;
}

/** The bytes behind anything that is a tensor or memory. */
export function dataBytesOf(data: TensorInput): Uint8Array {
  if (isRawMemory(data)) return data[rawBytes];
  if (ArrayBuffer.isView(data) || isRawBytes(data)) return bytesOf(data);
  return asTensor(data).bytes();
}

/**
 * Takes the data of one blob. It is finished by `close`, by the writer's `close`, or by the next blob that the writer
 * begins; writing to it then is `writer_inactive`.
 */
export class BlobWriter implements Disposable {
  readonly #sink: Sink;
  readonly #plan: BlobPlan;
  readonly #begin: number;
  readonly #ended: (complete: boolean) => void;
  /** Where the bytes are kept when they cannot go out yet: compressed, or to a stream in front of which a size must stand. */
  readonly #pieces: Uint8Array[] | undefined;
  #written = 0;
  #open = true;

  /** Made by writers; `ended` hears whether the sink ends with a whole blob. @internal */
  constructor(sink: Sink, plan: BlobPlan, ended: (complete: boolean) => void) {
    this.#sink = sink;
    this.#plan = plan;
    this.#begin = sink.byteLength;
    this.#ended = ended;
    const isLater = plan.dataBytes === undefined && sink.rewriting === undefined;
    if (plan.compression !== undefined || isLater) this.#pieces = [];
    else this.#writeFront(plan.info(undefined), plan.dataBytes ?? 0);
  }

  /** Bytes of data so far, before compression. */
  get bytesWritten(): number {
    return this.#written;
  }

  /** Whether it can still be written to. */
  get isActive(): boolean {
    return this.#open;
  }

  /**
   * Appends bytes: those of a tensor, of any typed array or of a buffer.
   *
   * @throws StateError `writer_inactive`; ArgumentError `wrong_size`: more than the blob's message says; CapacityError
   * `no_space`
   */
  write(data: TensorInput): void {
    if (!this.#open) {
      throw makeError("writer_inactive", { op: "BlobWriter.write", message: `the ${this.#plan.what} is finished.` });
    }
    const bytes = dataBytesOf(data);
    const { dataBytes } = this.#plan;
    if (dataBytes !== undefined && bytes.byteLength > dataBytes - this.#written) {
      throw this.#wrongSize("BlobWriter.write", this.#written + bytes.byteLength);
    }
    if (this.#pieces === undefined) this.#attempt(() => this.#sink.write(bytes));
    else this.#pieces.push(bytes.slice());
    this.#written += bytes.byteLength;
  }

  /**
   * Finishes the blob. Closing twice is fine.
   *
   * @throws ArgumentError `wrong_size`: less than the blob's message says; the blob is then taken back, except from a
   * stream, which cannot be used any further.
   */
  close(): void {
    if (!this.#open) return;
    const { dataBytes } = this.#plan;
    this.#attempt(() => {
      if (dataBytes !== undefined && this.#written !== dataBytes) {
        throw this.#wrongSize("BlobWriter.close", this.#written);
      }
      if (this.#pieces !== undefined) this.#writePieces(this.#pieces);
      else if (dataBytes === undefined)
        this.#sink.rewriting!.patch(this.#begin, this.#header(this.#sink.byteLength - this.#begin));
    });
    this.#open = false;
    this.#ended(true);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #header(size: number): Uint8Array {
    return encodeHeader({ version: this.#plan.version, type: this.#plan.type, size });
  }

  #writeFront(info: Uint8Array, dataBytes: number): void {
    const headerBytes = this.#header(0).byteLength;
    this.#attempt(() => {
      this.#sink.write(this.#header(headerBytes + info.byteLength + dataBytes));
      this.#sink.write(info);
    });
  }

  #writePieces(pieces: readonly Uint8Array[]): void {
    const { compression } = this.#plan;
    const plain = Buffer.concat(pieces);
    const data = compression === undefined ? plain : compress(plain, compression);
    this.#writeFront(this.#plan.info(compression === undefined ? undefined : plain.byteLength), data.byteLength);
    this.#sink.write(data);
  }

  /** What fails ends the blob, and takes it back where that is possible. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#open) {
        this.#open = false;
        const { rewriting } = this.#sink;
        const isWhole = rewriting !== undefined || this.#sink.byteLength === this.#begin;
        rewriting?.truncate(this.#begin);
        this.#ended(isWhole);
      }
      throw error;
    }
  }

  #wrongSize(op: string, bytes: number): Error {
    return makeError("wrong_size", {
      op,
      message: `the ${this.#plan.what} has ${this.#plan.dataBytes} bytes, ${bytes} were written.`,
    });
  }
}

switchable("BlobWriter", BlobWriter);

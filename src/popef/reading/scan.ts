import { MillraceError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import type { Blob } from "../blob.ts";
import { BlobType } from "../blob-type.ts";
import { invalidPopef } from "../invalid.ts";
import {
  decodeExecutable,
  decodeFeedData,
  decodeHeader,
  decodeMetadata,
  decodeOpaque,
  decodeTensorData,
} from "../message/decode.ts";
import { frameTableBytes, readFrame } from "../message/frame.ts";
import { Message } from "../message/message.ts";
import { Struct } from "../message/struct.ts";

/** Most headers and messages lie together within it. */
const pieceBytes = 4096;
/** A message of this size describes millions of anchors; one that claims more is not read into memory. */
const messageBytesMax = 256 * 1024 * 1024;

const decoders = {
  [BlobType.PoplarExecutable]: decodeExecutable,
  [BlobType.Metadata]: decodeMetadata,
  [BlobType.DataTensor]: decodeTensorData,
  [BlobType.DataFeed]: decodeFeedData,
  [BlobType.Opaque]: decodeOpaque,
};

/** What the pass asks its caller for: these bytes, all of them. */
export interface Piece {
  readonly byteOffset: number;
  readonly byteLength: number;
}

type Pass<T> = Generator<Piece, T, Uint8Array>;

/**
 * One forward pass over a source of `byteLength` bytes: each blob's header and message, never its data. The caller reads,
 * in whichever way it likes, and sends the bytes back.
 *
 * @throws FormatError `invalid_popef`
 */
export function* scanBlobs(byteLength: number, source: string): Pass<Blob[]> {
  const scan = new Scan(byteLength, source);
  const blobs: Blob[] = [];
  for (let at = 0; at < byteLength; at += blobs.at(-1)!.byteLength) blobs.push(yield* scan.blob(at));
  return blobs;
}

class Scan {
  readonly #byteLength: number;
  readonly #source: string;
  #piece: Uint8Array = new Uint8Array(0);
  #pieceAt = 0;

  constructor(byteLength: number, source: string) {
    this.#byteLength = byteLength;
    this.#source = source;
  }

  *blob(at: number): Pass<Blob> {
    const header = yield* this.#message(at, this.#byteLength, decodeHeader);
    const { version, type, size } = header.value;
    const headerBytes = header.end - at;
    if (size < headerBytes) throw this.#fail(at, `a blob of ${size} bytes, whose header alone has ${headerBytes}`);
    if (size > this.#byteLength - at && !off("popef_blob_size")) {
      throw this.#fail(at, `a blob of ${size} bytes, where ${this.#byteLength - at} are left`);
    }
    const decode = decoders[type] as (struct: Struct) => Blob["info"];
    const info = yield* this.#message(header.end, at + size, decode);
    const blob = {
      type,
      version,
      byteOffset: at,
      byteLength: size,
      infoOffset: header.end,
      dataOffset: info.end,
      info: info.value,
    } as Blob;
    this.#checkData(blob);
    return blob;
  }

  #checkData(blob: Blob): void {
    if (blob.type !== BlobType.DataTensor && blob.type !== BlobType.DataFeed) return;
    const dataBytes = blob.byteOffset + blob.byteLength - blob.dataOffset;
    const { info } = blob;
    if (info.sizeInBytes() !== dataBytes) {
      const what = `${JSON.stringify(info.name)}, ${info.tensorInfo}`;
      throw this.#fail(
        blob.byteOffset,
        `the data of ${what}, takes ${info.sizeInBytes()} bytes, the blob has ${dataBytes}`,
      );
    }
  }

  /** One message, which ends before `end`. */
  *#message<T>(at: number, end: number, decode: (struct: Struct) => T): Pass<{ value: T; end: number }> {
    const first = yield* this.#need(at, 4, end);
    const tableBytes = frameTableBytes(view(first), at, this.#source);
    const frame = readFrame(view(yield* this.#need(at, tableBytes, end)));
    if (frame.byteLength > messageBytesMax) throw this.#fail(at, `a message of ${frame.byteLength} bytes`);
    const bytes = yield* this.#need(at, frame.byteLength, end);
    const message = new Message(bytes, frame, at, this.#source);
    try {
      const struct = Struct.root(message, frame.segments[0]!.words > 0);
      return { value: decode(struct), end: at + frame.byteLength };
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code === "invalid_popef") throw error;
      // What a class of ours does not take: a shape of 2^60 elements, a NUL in a name.
      const why = error.message.slice(0, -error.hint.length).trim().replace(/\.$/, "");
      throw invalidPopef(this.#source, at, why, error);
    }
  }

  /** Bytes at a place, from the piece that was read last or from the next. */
  *#need(at: number, byteLength: number, end: number): Pass<Uint8Array> {
    if (byteLength > end - at) {
      throw this.#fail(at, `a message of at least ${byteLength} bytes, where ${end - at} are left`);
    }
    if (at < this.#pieceAt || at + byteLength > this.#pieceAt + this.#piece.byteLength) {
      const asked = Math.max(byteLength, Math.min(pieceBytes, this.#byteLength - at));
      this.#piece = yield { byteOffset: at, byteLength: asked };
      this.#pieceAt = at;
      if (this.#piece.byteLength < byteLength) throw this.#fail(at + this.#piece.byteLength, "the source ended here");
    }
    return this.#piece.subarray(at - this.#pieceAt, at - this.#pieceAt + byteLength);
  }

  #fail(at: number, why: string): Error {
    return invalidPopef(this.#source, at, why);
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

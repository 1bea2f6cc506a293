import type { BlobType } from "./blob-type.ts";
import type { FeedDataInfo, TensorDataInfo } from "./data-info.ts";
import type { ExecutableInfo, OpaqueInfo } from "./message/decode.ts";
import type { Metadata } from "./metadata.ts";

/** What the message of each type of blob says. */
export interface BlobInfos {
  [BlobType.PoplarExecutable]: ExecutableInfo;
  [BlobType.Metadata]: Metadata;
  [BlobType.DataTensor]: TensorDataInfo;
  [BlobType.DataFeed]: FeedDataInfo;
  [BlobType.Opaque]: OpaqueInfo;
}

/** Where one blob lies, in bytes of its source, and what its message says. */
export interface BlobOf<T extends BlobType> {
  readonly type: T;
  /** As written, whatever it is. */
  readonly version: string;
  /** Of the blob's header. */
  readonly byteOffset: number;
  /** All of the blob: header, message and data. */
  readonly byteLength: number;
  readonly infoOffset: number;
  readonly dataOffset: number;
  readonly info: BlobInfos[T];
}

export type Blob = { [T in BlobType]: BlobOf<T> }[BlobType];

import type { Blob, BlobOf } from "../blob.ts";
import type { BlobType } from "../blob-type.ts";
import { Executable } from "../blobs/executable.ts";
import { OpaqueBlob } from "../blobs/opaque.ts";
import { FeedDataBlob, TensorDataBlob } from "../blobs/tensors.ts";
import { BlobData } from "../storage/blob-data.ts";
import type { Lifetime } from "../storage/lifetime.ts";
import type { Source } from "../storage/source.ts";

/** A blob and the source that it lies in. */
export interface PlacedBlob<B extends Blob = Blob> {
  readonly blob: B;
  readonly source: Source;
}

/** The blobs of one type, in the order of the files. */
export function blobsOf<T extends BlobType>(blobs: readonly PlacedBlob[], type: T): PlacedBlob<BlobOf<T> & Blob>[] {
  return blobs.filter(({ blob }) => blob.type === type) as PlacedBlob<BlobOf<T> & Blob>[];
}

/** Where a blob is, for messages. */
export function placeOf({ blob, source }: PlacedBlob): string {
  return `${source.name} at byte ${blob.byteOffset}`;
}

function dataOf({ blob, source }: PlacedBlob, lifetime: Lifetime): BlobData {
  return new BlobData(source, blob.dataOffset, blob.byteOffset + blob.byteLength - blob.dataOffset, lifetime);
}

// What users see of a blob, with data that belongs to a reader or a model.

export function openExecutable(
  { blob, source }: PlacedBlob<BlobOf<typeof BlobType.PoplarExecutable>>,
  lifetime: Lifetime,
): Executable {
  return new Executable(blob, source, lifetime);
}

export function openTensorData(
  placed: PlacedBlob<BlobOf<typeof BlobType.DataTensor>>,
  lifetime: Lifetime,
): TensorDataBlob {
  return new TensorDataBlob(placed.blob.info, dataOf(placed, lifetime));
}

export function openFeedData(placed: PlacedBlob<BlobOf<typeof BlobType.DataFeed>>, lifetime: Lifetime): FeedDataBlob {
  return new FeedDataBlob(placed.blob.info, dataOf(placed, lifetime));
}

export function openOpaque(placed: PlacedBlob<BlobOf<typeof BlobType.Opaque>>, lifetime: Lifetime): OpaqueBlob {
  return new OpaqueBlob(placed.blob.info, dataOf(placed, lifetime));
}

import { switchable } from "../native/switches.ts";

/** What a blob of a file holds. */
export const BlobType = switchable("BlobType", {
  PoplarExecutable: "poplarExecutable",
  Metadata: "metadata",
  DataTensor: "dataTensor",
  DataFeed: "dataFeed",
  Opaque: "opaque",
} as const);
export type BlobType = (typeof BlobType)[keyof typeof BlobType];

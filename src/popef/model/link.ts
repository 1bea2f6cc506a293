import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import type { Anchor } from "../anchor.ts";
import type { BlobOf } from "../blob.ts";
import { BlobType } from "../blob-type.ts";
import type { Metadata } from "../metadata.ts";
import { blobsOf, type PlacedBlob, placeOf } from "../reading/placed-blob.ts";
import { TensorType } from "../tensor-type.ts";

type Placed<T extends BlobType> = PlacedBlob<BlobOf<T> & PlacedBlob["blob"]>;

/** The blobs that make one model. */
export interface Linked {
  readonly executable: Placed<typeof BlobType.PoplarExecutable>;
  readonly metadata: Metadata;
  readonly opaqueBlobs: readonly Placed<typeof BlobType.Opaque>[];
  /** By the anchor's name; the anchors of it that are no outputs share it. */
  readonly tensors: ReadonlyMap<string, Placed<typeof BlobType.DataTensor>>;
  readonly feeds: ReadonlyMap<string, Placed<typeof BlobType.DataFeed>>;
}

const op = "ModelBuilder.createModel";

function conflict(message: string, hint?: string): Error {
  return makeError("model_conflict", { op, message, hint });
}

function list(blobs: readonly PlacedBlob[]): string {
  return blobs.map(placeOf).join("; ");
}

/**
 * Finds what belongs together: the executable of that name, or the one that an opaque blob names, or the only one; its
 * metadata; data by the names of its anchors.
 *
 * @throws FormatError `model_conflict`
 */
export function link(blobs: readonly PlacedBlob[], name: string | undefined): Linked {
  const executable = chooseExecutable(blobs, name);
  const chosen = executable.blob.info.name;
  const metadata = chooseMetadata(blobs, chosen);
  return {
    executable,
    metadata,
    opaqueBlobs: blobsOf(blobs, BlobType.Opaque).filter(({ blob }) => blob.info.executable === chosen),
    tensors: chooseData(blobsOf(blobs, BlobType.DataTensor), metadata.anchors, "tensor data"),
    feeds: chooseData(blobsOf(blobs, BlobType.DataFeed), metadata.anchors, "feed data"),
  };
}

function chooseExecutable(
  blobs: readonly PlacedBlob[],
  name: string | undefined,
): Placed<typeof BlobType.PoplarExecutable> {
  const executables = blobsOf(blobs, BlobType.PoplarExecutable);
  const named = Map.groupBy(executables, ({ blob }) => blob.info.name);
  const unnamed = named.get("");
  if (unnamed !== undefined && !off("popef_executable_named"))
    throw conflict(`an executable has no name: ${list(unnamed)}.`);
  for (const [same, of] of named) {
    if (of.length > 1 && !off("popef_executable_names"))
      throw conflict(`${of.length} executables are called ${JSON.stringify(same)}: ${list(of)}.`);
  }
  const found = name === undefined ? onlyExecutable(blobs, executables) : named.get(name)?.[0];
  if (found !== undefined) return found;
  const there = executables.map(({ blob }) => JSON.stringify(blob.info.name)).join(", ") || "none";
  throw conflict(
    name === undefined
      ? `one executable is needed, there are ${executables.length}: ${there}.`
      : `no executable is called ${JSON.stringify(name)}; there are: ${there}.`,
    executables.length > 1 ? "Pass { executable: name }." : undefined,
  );
}

function onlyExecutable(
  blobs: readonly PlacedBlob[],
  executables: readonly Placed<typeof BlobType.PoplarExecutable>[],
): Placed<typeof BlobType.PoplarExecutable> | undefined {
  if (executables.length === 1) return executables[0];
  // A framework leaves an opaque blob beside the executable that it made.
  const claimed = new Set(blobsOf(blobs, BlobType.Opaque).map(({ blob }) => blob.info.executable));
  const candidates = executables.filter(({ blob }) => claimed.has(blob.info.name));
  return candidates.length === 1 && !off("popef_opaque_choice") ? candidates[0] : undefined;
}

function chooseMetadata(blobs: readonly PlacedBlob[], executable: string): Metadata {
  const all = blobsOf(blobs, BlobType.Metadata);
  const fitting = all.filter(({ blob }) => blob.info.executable === executable);
  if (fitting.length === 0) {
    const there = all.map(({ blob }) => JSON.stringify(blob.info.executable)).join(", ") || "none";
    throw conflict(`no metadata belongs to executable ${JSON.stringify(executable)}; there is metadata of: ${there}.`);
  }
  if (fitting.length > 1 && !off("popef_metadata_conflict")) {
    throw conflict(
      `${fitting.length} blobs of metadata belong to executable ${JSON.stringify(executable)}: ${list(fitting)}.`,
    );
  }
  const { info } = fitting[0]!.blob;
  requireOwnHandles(info.anchors);
  return info;
}

function requireOwnHandles(anchors: readonly Anchor[]): void {
  const streamed = anchors.filter(({ handle }) => handle !== "");
  for (const [handle, of] of Map.groupBy(streamed, (anchor) => anchor.handle)) {
    if (of.length === 1 || off("popef_own_handles")) continue;
    const names = of.map(({ name }) => JSON.stringify(name)).join(", ");
    throw conflict(`the anchors ${names} have one handle, ${JSON.stringify(handle)}.`);
  }
}

/** Data binds to anchors of its name that are no outputs: a weight's output anchor has the same name. */
function chooseData<T extends typeof BlobType.DataTensor | typeof BlobType.DataFeed>(
  blobs: readonly Placed<T>[],
  anchors: readonly Anchor[],
  what: string,
): Map<string, Placed<T>> {
  const named = Map.groupBy(blobs, ({ blob }) => blob.info.name);
  const chosen = new Map<string, Placed<T>>();
  for (const anchor of anchors) {
    const all = named.get(anchor.name);
    if (all === undefined || anchor.type === TensorType.Output) continue;
    // Files of several models may use one name for weights of different shapes.
    const fitting = all.filter(({ blob }) => blob.info.tensorInfo.equals(anchor.tensorInfo));
    if (fitting.length !== 1 && !off("popef_data_conflict")) {
      throw conflict(
        fitting.length === 0
          ? `the ${what} of ${JSON.stringify(anchor.name)} is ${all.map(({ blob }) => blob.info.tensorInfo).join(", ")}, the anchor is ${anchor.tensorInfo}: ${list(all)}.`
          : `there is ${what} of ${JSON.stringify(anchor.name)} ${fitting.length} times: ${list(fitting)}.`,
      );
    }
    chosen.set(anchor.name, fitting[0] ?? all[0]!);
  }
  return chosen;
}

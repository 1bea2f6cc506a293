import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off } from "../native/switches.ts";
import type { Anchor, Model } from "../popef/index.ts";
import type { NativeRef } from "../tensor/index.ts";
import type { StreamHandle, StreamInfo } from "./native-session.ts";

/** Whether the model brings data for an anchor. */
export function hasData(model: Model, anchor: Anchor): boolean {
  return dataOf(model, anchor) !== undefined;
}

function dataOf(model: Model, anchor: Anchor) {
  const tensor = model.tensorData(anchor);
  if (tensor !== undefined) return { data: tensor.data, count: 1, size: tensor.info.tensorInfo.sizeInBytes() };
  const feed = model.feedData(anchor);
  if (feed === undefined) return undefined;
  return { data: feed.data, count: feed.info.numTensors, size: feed.info.tensorInfo.sizeInBytes() };
}

/**
 * A native stream of an anchor's data for one replica: tensor data again and again, or a feed from element to element. Data
 * that holds a part for each replica, outermost, is split. The memory stays as long as the stream.
 */
export function dataStream(
  model: Model,
  anchor: Anchor,
  stream: StreamInfo,
  replica: number,
  op: string,
): StreamHandle {
  const found = dataOf(model, anchor);
  if (found === undefined)
    throw makeError("not_found", { op, message: `the model has no data for "${anchor.handle}".` });
  return storedStream(
    { ...found, native: found.data.native, byteLength: found.data.byteLength },
    anchor,
    stream,
    replica,
    op,
  );
}

/** Tensors in native memory, one after the other. */
export interface StoredTensors {
  readonly native: NativeRef;
  readonly byteLength: number;
  readonly count: number;
  /** Bytes of one. */
  readonly size: number;
}

/** A native stream of tensors in memory, as `dataStream`. */
export function storedStream(
  { native: memory, byteLength, count, size }: StoredTensors,
  anchor: Anchor,
  stream: StreamInfo,
  replica: number,
  op: string,
): StreamHandle {
  const split = size === stream.size * stream.replicas && !off("split_replicas");
  const blocks = anchor.useRemoteBuffers ? anchor.repeats : 1;
  if (!split && size !== stream.size && size !== stream.size * blocks) {
    throw makeError("model_conflict", {
      op,
      message: `the data of "${anchor.name}" has ${size} bytes a tensor, its stream reads ${stream.size} for each of ${stream.replicas} replicas.`,
    });
  }
  const { slot, generation, byteOffset } = memory;
  const parts = split ? 1 : size / stream.size;
  block.values.set([
    byteOffset,
    byteLength,
    split ? replica * stream.size : 0,
    split ? size : stream.size,
    stream.size,
    count * parts,
  ]);
  const handle = check(native.mr_stream_stored(slot, generation), op);
  return { slot: handle, generation: block.results[0]! };
}

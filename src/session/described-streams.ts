import { decodeExecutable, isPoplarExecutable, type Plan } from "../popef/executable/index.ts";
import type { Anchor, Model } from "../popef/index.ts";
import { elementTypes } from "../tensor/element-type.ts";
import type { StreamInfo } from "./native-session.ts";

type Extent = Pick<StreamInfo, "size" | "replicas">;

/**
 * Streams as a driver lists them, with bytes and replicas from the model where the driver tells neither (Poplar names its
 * streams, no more): of executables of ours from their plan, of Poplar's from the anchors. What the model does not
 * describe is left out.
 */
export function describedStreams(listed: readonly StreamInfo[], model: Model, op: string): StreamInfo[] {
  if (listed.every(({ replicas }) => replicas > 0)) return [...listed];
  const bytes = model.executable.data.bytes();
  const extents = isPoplarExecutable(bytes) ? ofAnchors(model) : ofPlan(decodeExecutable(bytes, op).plan);
  return listed.flatMap((info) => {
    if (info.replicas > 0) return [info];
    const extent = extents.get(info.handle);
    return extent === undefined ? [] : [{ ...info, ...extent }];
  });
}

const sizeByCode = new Map(Object.values(elementTypes).map(({ code, size }) => [code, size]));

function ofPlan({ replicas, tensors, streams, graph }: Plan): Map<string, Extent> {
  return new Map(
    streams.map(({ handle, tensor }) => {
      const { type, shape } = tensors[tensor]!;
      const size = shape.reduce((product, axis) => product * axis, sizeByCode.get(type) ?? 0);
      return [handle, { size, replicas: graph.weights.includes(tensor) ? 1 : replicas }];
    }),
  );
}

function ofAnchors({ metadata }: Model): Map<string, Extent> {
  return new Map(metadata.anchors.map((anchor) => [anchor.handle, extentOf(anchor, metadata.replicationFactor)]));
}

/** A stream for each replica has its part of the anchor's tensor, whose outermost axis is the replica. */
function extentOf(anchor: Anchor, replicationFactor: number): Extent {
  const replicas = anchor.isPerReplica ? Math.max(1, replicationFactor) : 1;
  return { size: anchor.tensorInfo.sizeInBytes() / replicas, replicas };
}

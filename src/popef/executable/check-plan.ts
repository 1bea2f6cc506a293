import { makeError } from "../../native/error.ts";
import { type DType, elementTypes, Shape } from "../../tensor/index.ts";
import { checkSteps } from "./check-steps.ts";
import type { Plan, PlanGraph, PlanProgram, PlanRemoteBuffer, PlanStream, PlanTensor } from "./plan.ts";
import { PlanReader } from "./plan-reader.ts";

/** Bounds of what one container may hold, the same in `zig/engine/program`. */
const limits = {
  replicas: 1024,
  items: 65_536,
  programs: 4096,
  /** Tensors and streams of all replicas. */
  copies: 1 << 18,
  rank: 16,
  depth: 256,
  repeats: 0xffff_ffff,
} as const;

const dtypes = new Map<number, DType>(Object.values(elementTypes).map(({ code, name }) => [code, name]));

/** Checks what came from a file or is about to go to one; returns it as a plan. */
export function checkPlan(value: unknown, op: string): Plan {
  const reader = new PlanReader((message) =>
    makeError("invalid_executable", { op, message: `the plan's ${message}.` }),
  );
  const root = reader.object(value, "root", ["replicas", "tensors", "streams", "remoteBuffers", "graph", "programs"]);
  const tensors = reader.list(root["tensors"], "tensors", limits.items, (item, at) => tensorOf(reader, item, at));
  const streams = reader.list(root["streams"], "streams", limits.items, (item, at) =>
    streamOf(reader, item, at, tensors),
  );
  const buffers = reader.list(root["remoteBuffers"], "remoteBuffers", limits.items, (item, at) =>
    bufferOf(reader, item, at),
  );
  reader.distinct(
    tensors.map(({ name }) => name),
    "tensors",
  );
  reader.distinct(
    [...streams, ...buffers].map(({ handle }) => handle),
    "handles",
  );
  const graph = graphOf(reader, root["graph"], tensors);
  const known = { tensors, streams, buffers, weights: new Set(graph.weights), sizes: tensors.map(sizeOf) };
  const programs = reader.list(root["programs"], "programs", limits.programs, (item, at): PlanProgram => {
    const { name, steps } = reader.object(item, at, ["name", "steps"]);
    return { name: reader.text(name, `${at}.name`), steps: checkSteps(reader, steps, `${at}.steps`, known) };
  });
  const replicas = reader.integer(root["replicas"], "replicas", 1, limits.replicas);
  if ((tensors.length + streams.length) * replicas > limits.copies)
    throw reader.fail(`replicas are ${replicas}, of ${tensors.length} tensors and ${streams.length} streams: too many`);
  return { replicas, tensors, streams, remoteBuffers: buffers, graph, programs };
}

function tensorOf(reader: PlanReader, item: unknown, at: string): PlanTensor {
  const { name, type, shape } = reader.object(item, at, ["name", "type", "shape"]);
  const code = reader.integer(type, `${at}.type`, 0, 255);
  if (!dtypes.has(code)) throw reader.fail(`${at}.type is ${code}, no element type of a plain tensor`);
  const axes = reader.list(shape, `${at}.shape`, limits.rank, (axis, where) =>
    reader.integer(axis, where, 0, Number.MAX_SAFE_INTEGER),
  );
  const tensor = { name: reader.text(name, `${at}.name`), type: code, shape: axes };
  if (!Number.isSafeInteger(sizeOf(tensor))) throw reader.fail(`${at}.shape is too large: ${Shape.format(axes)}`);
  return tensor;
}

function sizeOf({ type, shape }: PlanTensor): number {
  return shape.reduce((size, axis) => size * axis, elementTypes[dtypes.get(type)!].size);
}

function streamOf(reader: PlanReader, item: unknown, at: string, tensors: readonly PlanTensor[]): PlanStream {
  const members = ["handle", "tensor", "toDevice", "depth", "prefetch"];
  const { handle, tensor, toDevice, depth, prefetch } = reader.object(item, at, members);
  return {
    handle: reader.text(handle, `${at}.handle`),
    tensor: reader.index(tensor, `${at}.tensor`, tensors),
    toDevice: reader.flag(toDevice, `${at}.toDevice`),
    depth: reader.integer(depth, `${at}.depth`, 1, limits.depth),
    prefetch: reader.flag(prefetch, `${at}.prefetch`),
  };
}

function bufferOf(reader: PlanReader, item: unknown, at: string): PlanRemoteBuffer {
  const { handle, size, repeats } = reader.object(item, at, ["handle", "size", "repeats"]);
  return {
    handle: reader.text(handle, `${at}.handle`),
    size: reader.integer(size, `${at}.size`, 0, Number.MAX_SAFE_INTEGER),
    repeats: reader.integer(repeats, `${at}.repeats`, 1, limits.repeats),
  };
}

function graphOf(reader: PlanReader, value: unknown, tensors: readonly PlanTensor[]): PlanGraph {
  const { inputs, outputs, weights } = reader.object(value, "graph", ["inputs", "outputs", "weights"]);
  const indices = (list: unknown, at: string) =>
    reader.list(list, at, limits.items, (index, where) => reader.index(index, where, tensors));
  const graph = {
    inputs: indices(inputs, "graph.inputs"),
    outputs: indices(outputs, "graph.outputs"),
    weights: indices(weights, "graph.weights"),
  };
  reader.distinct([...graph.inputs, ...graph.outputs, ...graph.weights], "graph's tensors");
  return graph;
}

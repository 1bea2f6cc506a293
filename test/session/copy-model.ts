import { encodeExecutable, type Plan, type Step } from "../../src/popef/executable/index.ts";
import { type AnchorOptions, type Model, ModelBuilder, Reader, Writer } from "../../src/popef/index.ts";

export const weight = [1, 2, 3, 4];
export const load = 0;
export const main = 1;
export const save = 2;

export interface CopyOptions {
  /** Inputs and outputs of each replica are its own. */
  readonly replicas?: number | undefined;
  /** Iterations of one main program. */
  readonly iterations?: number | undefined;
  /** Tensors of a feed for the image. */
  readonly feed?: readonly (readonly number[])[] | undefined;
  /** The weight's data is left out of the model. */
  readonly noWeight?: boolean | undefined;
  /** The weight lies in a remote buffer of so many blocks, of which the first is used. */
  readonly remoteBlocks?: number | undefined;
  readonly maxLookahead?: string | undefined;
  readonly prefetch?: boolean | undefined;
  /** Changed before the executable is written. */
  readonly anchors?: ((anchors: AnchorOptions[]) => AnchorOptions[]) | undefined;
  /** Done to the executable's bytes. */
  readonly damage?: ((bytes: Uint8Array) => unknown) | undefined;
}

function planOf({ replicas = 1, iterations = 1, remoteBlocks = 0, prefetch = false }: CopyOptions): Plan {
  const loading: Step[] = remoteBlocks > 0 ? [["remoteToTensor", 0, 1]] : [["sync"], ["toTensor", 1]];
  return {
    replicas,
    tensors: [
      { name: "image", type: 1, shape: [4] },
      { name: "w", type: 1, shape: [4] },
    ],
    streams: [
      { handle: "h2d_image", tensor: 0, toDevice: true, depth: 2, prefetch },
      { handle: "h2d_w", tensor: 1, toDevice: true, depth: 1, prefetch: false },
      { handle: "d2h_echo", tensor: 0, toDevice: false, depth: 1, prefetch: false },
      { handle: "d2h_w", tensor: 1, toDevice: false, depth: 1, prefetch: false },
    ],
    remoteBuffers: remoteBlocks > 0 ? [{ handle: "remote_w", size: 16, repeats: remoteBlocks }] : [],
    graph: { inputs: [], outputs: [], weights: [1] },
    programs: [
      { name: "load", steps: loading },
      { name: "main", steps: [["repeat", iterations, [["sync"], ["toTensor", 0], ["sync"], ["toStream", 2]]]] },
      { name: "save", steps: [["sync"], ["toStream", 3]] },
    ],
  };
}

/** Of a model that copies: `image` comes back as `echo`; the load program brings `w`, the save program takes it back. */
export function copyExecutable(options: CopyOptions = {}): Uint8Array {
  const bytes = encodeExecutable(planOf(options), new Uint8Array(0));
  options.damage?.(bytes);
  return bytes;
}

/** The model of `copyExecutable`. */
export function copyModel(options: CopyOptions = {}): Model {
  const { replicas = 1, feed, noWeight = false, remoteBlocks = 0, maxLookahead } = options;
  const image = { shape: replicas > 1 ? [replicas, 4] : [4] };
  const isPerReplica = replicas > 1;
  const remote = remoteBlocks > 0;
  const anchors: AnchorOptions[] = [
    { name: "image", handle: "h2d_image", type: "input", tensorInfo: image, programs: [main], isPerReplica },
    { name: "echo", handle: "d2h_echo", type: "output", tensorInfo: image, programs: [main], isPerReplica },
    {
      name: "w",
      handle: remote ? "remote_w" : "h2d_w",
      type: "input",
      tensorInfo: { shape: [4] },
      programs: [load],
      useRemoteBuffers: remote,
      repeats: Math.max(remoteBlocks, 1),
    },
    { name: "w", handle: "d2h_w", type: "output", tensorInfo: { shape: [4] }, programs: [save] },
  ];
  using writer = new Writer();
  writer.createExecutable("copy").write(copyExecutable(options));
  writer.write({
    executable: "copy",
    replicationFactor: replicas,
    numIpus: replicas,
    deviceIterations: options.iterations,
    anchors: options.anchors?.(anchors) ?? anchors,
    programFlow: { load: [load], main: [main], save: [save] },
    engineOptions: maxLookahead === undefined ? [] : [{ name: "streamCallbacks.maxLookahead", value: maxLookahead }],
  });
  if (!noWeight) writer.createTensorData({ name: "w", tensorInfo: { shape: [4] } }).write(new Float32Array(weight));
  if (feed !== undefined) {
    const info = { name: "image", tensorInfo: image, numTensors: feed.length };
    writer.createFeedData(info).write(new Float32Array(feed.flat()));
  }
  writer.close();
  using reader = new Reader().parseBytes(writer.bytes());
  return new ModelBuilder(reader).createModel();
}

import { checkInteger } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";

export interface CompileOptions {
  /**
   * Size of axis `batchingDim` of every input that leaves it open; 1. Where all inputs fix that axis, it must be the size
   * that they have, if it is given.
   */
  readonly batchSize?: number | undefined;
  /** The batch axis; 0. */
  readonly batchingDim?: number | undefined;
  /** Whole shapes of inputs by name, for other open axes. */
  readonly inputs?: { readonly [input: string]: readonly number[] } | undefined;
  /** Sizes of open axes by the name that the model gives them. */
  readonly axes?: { readonly [axis: string]: number } | undefined;
  /** Iterations of the graph in one run of the main program, each with inputs and outputs of its own; 1. */
  readonly deviceIterations?: number | undefined;
  /** Copies of the graph on one device, each with inputs and outputs of its own; 1. */
  readonly replicationFactor?: number | undefined;
  /** IPUs of the whole device, a multiple of `replicationFactor`, which it is unless given. */
  readonly numIpus?: number | undefined;
  /** 2 or 21; 2. */
  readonly ipuVersion?: number | undefined;
  /** The executable's name; a hash of executable and weights unless given. */
  readonly name?: string | undefined;
  /** Options for the engine of whoever runs the model, kept in the metadata. */
  readonly engineOptions?: { readonly [option: string]: string } | undefined;
  /** Options for the device of whoever runs the model, kept in the metadata. */
  readonly deviceOptions?: { readonly [option: string]: string } | undefined;
  /** Whether the device may fetch inputs before it needs them; true. */
  readonly prefetch?: boolean | undefined;
  /** Inputs that may be buffered ahead; 2. */
  readonly bufferingDepth?: number | undefined;
  /** Whether there is a save program, which streams the weights back; true. */
  readonly saveProgram?: boolean | undefined;
  /** Weights, by name, that come from remote buffers instead of streams. */
  readonly remoteBuffers?: readonly string[] | undefined;
  /** Where ONNX Runtime is, which says what shapes the outputs have; found by itself unless given. */
  readonly engine?: { readonly path?: string | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaults = {
  batchSize: 1,
  batchingDim: 0,
  deviceIterations: 1,
  replicationFactor: 1,
  ipuVersion: 2,
  prefetch: true,
  bufferingDepth: 2,
  saveProgram: true,
};

/** Every option with its value. */
type Given = Omit<CompileOptions, "name" | "engine" | "signal">;
export type ResolvedOptions = { readonly [Name in keyof Given]-?: Exclude<Given[Name], undefined> } & {
  readonly name: string | undefined;
  /** Whether the caller named `batchSize`, so that it must be right. */
  readonly batchSizeGiven: boolean;
};

const iterationsMax = 0xffff_ffff;
const replicasMax = 1024;
const depthMax = 256;

/** @throws ArgumentError `invalid_argument` */
export function resolveOptions(options: CompileOptions, op: string): ResolvedOptions {
  type Counts =
    | "batchSize"
    | "batchingDim"
    | "deviceIterations"
    | "replicationFactor"
    | "ipuVersion"
    | "bufferingDepth";
  const count = (name: Counts, min: number, max: number) =>
    checkInteger(options[name] ?? defaults[name], name, op, min, max);
  const replicationFactor = count("replicationFactor", 1, replicasMax);
  const numIpus = checkInteger(options.numIpus ?? replicationFactor, "numIpus", op, 1, iterationsMax);
  if (numIpus % replicationFactor !== 0) {
    const message = `${numIpus} IPUs cannot be shared equally by ${replicationFactor} replicas.`;
    throw makeError("invalid_argument", { op, message });
  }
  return {
    batchSize: count("batchSize", 1, Number.MAX_SAFE_INTEGER),
    batchSizeGiven: options.batchSize !== undefined,
    batchingDim: count("batchingDim", 0, Number.MAX_SAFE_INTEGER),
    inputs: options.inputs ?? {},
    axes: options.axes ?? {},
    deviceIterations: count("deviceIterations", 1, iterationsMax),
    replicationFactor,
    numIpus,
    ipuVersion: count("ipuVersion", 1, iterationsMax),
    name: options.name,
    engineOptions: options.engineOptions ?? {},
    deviceOptions: options.deviceOptions ?? {},
    prefetch: options.prefetch ?? defaults.prefetch,
    bufferingDepth: count("bufferingDepth", 1, depthMax),
    saveProgram: options.saveProgram ?? defaults.saveProgram,
    remoteBuffers: options.remoteBuffers ?? [],
  };
}

import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { checkBoolean, type DeploymentConfig, deploymentDefaults, resolveDeployment } from "./deployment-config.ts";
import type { OutputMemory } from "./execute-options.ts";
import type { Expectation, Inputs } from "./expectation.ts";

/** What `executeAsync` does when as many requests are under way as `maxQueueSize` allows. */
export const QueuePolicy = {
  /** It rejects with `queue_full`. */
  Reject: "reject",
  /** The request waits for a place. */
  Wait: "wait",
} as const;
export type QueuePolicy = (typeof QueuePolicy)[keyof typeof QueuePolicy];

/** Rows that fill an incomplete batch, and where their results go. */
export interface FlushData {
  readonly inputs: Inputs;
  /** By output name: memory of the caller's. Without it the results are dropped. */
  readonly outputs?: Readonly<Record<string, OutputMemory>> | undefined;
}

/** Options of `ModelRunner.load`. Durations in nanoseconds, `Infinity` for "for ever", as the original has them. */
export interface ModelRunnerConfig<E extends Expectation = Expectation> extends DeploymentConfig {
  /** What the model must be like; gives the types of inputs and outputs. */
  readonly expect?: E | undefined;
  /** Copies of the model that run side by side, each with a native thread of its own. Default 1. */
  readonly replicationFactor?: number | undefined;
  /**
   * The axis of every input and output that counts rows. Set, requests of different callers run together, and one may have
   * any number of rows. Only for models whose rows do not influence each other. Default: undefined, or 0xFFFFFFFF: nothing
   * is merged.
   */
  readonly batchingDim?: number | undefined;
  /** Rows of merged requests at most; a request that has more by itself runs alone. Default 64. */
  readonly maxBatchSize?: number | undefined;
  /** How many requests of `executeAsync` may be under way before the queue is full. Default 1000. */
  readonly maxQueueSize?: number | undefined;
  /** Default: reject. */
  readonly queuePolicy?: QueuePolicy | undefined;
  /**
   * A model compiled for batches of B rows has room for this times B rows beyond `maxQueueSize`. Default 2.
   */
  readonly ringBufferSizeMultiplier?: number | undefined;
  /**
   * How long the first rows of a compiled batch wait for more before it runs filled up with zeros; 0: until it is full. So long
   * also waits a device that has iterations left and no rows for them. Default: 5 s for PopEF models; for ONNX models undefined,
   * nothing waits.
   */
  readonly timeoutNs?: number | undefined;
  /** Wait by `batchSizeTimeoutNs` instead of `timeoutNs`. Default false. */
  readonly isBatchSizeTimeoutEnabled?: boolean | undefined;
  /** As `timeoutNs`, for a batch that has rows and is not full. Default `Infinity`. */
  readonly batchSizeTimeoutNs?: number | undefined;
  /**
   * For inputs that get their data separately. Those of `execute` come together, so that nothing waits by it here.
   * Default `Infinity`.
   */
  readonly dataParallelTimeoutNs?: number | undefined;
  /**
   * A device that has iterations left gets zeros for them only while somebody waits for outputs; else it waits on for requests.
   * On the CPU a run begins only for a request, so that this is always so. Default false.
   */
  readonly flushOnWaitingOutputs?: boolean | undefined;
  /**
   * Called when a compiled batch has waited long enough, with the name of the first input: gives rows to fill it up
   * with. Called once for a batch, also while a blocking `execute` waits; undefined: zeros.
   */
  readonly flushCallback?: ((tensorId: string) => FlushData | undefined) | undefined;
  /** Check input names and element types. False: unknown names are ignored, and arrays are taken as bytes. Default true. */
  readonly validateIoParams?: boolean | undefined;
  /** Threads other than the one that loads it may attach (`share`, `attach`). Default false. */
  readonly threadSafe?: boolean | undefined;
  /** Requests whose times `getTimeTrace` remembers, for each replica; 0: all. Default 1000. */
  readonly requestTracepointsBufferSize?: number | undefined;
  readonly engine?: EngineConfig | undefined;
  /** Gives up loading: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface EngineConfig {
  /** ONNX Runtime's shared library, instead of the one that is found. */
  readonly path?: string | undefined;
  /**
   * ONNX Runtime's CUDA provider, for graphs on CUDA devices: the library of the Python package `onnxruntime-ep-cuda12` or
   * `-cuda13`. Default: what the environment variable `MILLRACE_ONNXRUNTIME_CUDA` names.
   */
  readonly cudaProvider?: string | undefined;
  /** Threads that one run may use. Default: one fewer than the machine has cores, shared by the replicas, at least 1. */
  readonly threads?: number | undefined;
}

/** What applies where nothing is given. */
export const configDefaults = switchable("ModelRunnerConfig", {
  replicationFactor: 1,
  batchingDim: undefined,
  maxBatchSize: 64,
  maxQueueSize: 1000,
  queuePolicy: QueuePolicy.Reject,
  ringBufferSizeMultiplier: 2,
  timeoutNs: off("timeout_default") ? 5e9 : undefined,
  isBatchSizeTimeoutEnabled: false,
  batchSizeTimeoutNs: Number.POSITIVE_INFINITY,
  dataParallelTimeoutNs: Number.POSITIVE_INFINITY,
  flushOnWaitingOutputs: false,
  validateIoParams: true,
  threadSafe: false,
  requestTracepointsBufferSize: 1000,
  ...deploymentDefaults,
} as const);
/** What else applies for PopEF models. */
const popefDefaults = switchable("ModelRunnerConfig", { timeoutNs: 5_000_000_000 } as const);

type Given =
  | "expect"
  | "signal"
  | "flushCallback"
  | "engine"
  | "batchingDim"
  | "timeoutNs"
  | "frozenInputs"
  | "replicaToDevice"
  | "device"
  | "replicaToSaveProgramsOutputs"
  | "deviceWaitConfig";

/** The options that a runner has, defaults filled in. */
export type ResolvedConfig = {
  readonly [K in Exclude<keyof ModelRunnerConfig, Given>]-?: NonNullable<ModelRunnerConfig[K]>;
} & Pick<ModelRunnerConfig, Exclude<Given, "expect" | "signal" | "engine">> & {
    /** Threads that one run may use; 0: the native side has chosen. */
    readonly threads: number;
  };

/** The original's way to say that nothing is merged. */
const noBatching = 0xffff_ffff;
const limits = { queue: 65_535, threads: 1024, replicas: 256, rows: 65_536, multiplier: 1024, traces: 1 << 20 };

/** @throws ArgumentError `invalid_argument` */
export function resolveConfig(given: ModelRunnerConfig, popef: boolean, op: string): ResolvedConfig {
  const defaults = popef && !off("timeout_popef") ? { ...configDefaults, ...popefDefaults } : configDefaults;
  const config = { ...defaults, ...withoutUndefined(given) } as ModelRunnerConfig & typeof configDefaults;
  const integer = (name: keyof typeof configDefaults, least: number, most: number): number =>
    checkInteger(config[name], name, op, least, most);
  const boolean = (name: keyof typeof configDefaults): boolean => checkBoolean(config[name], name, op);
  const { batchingDim, queuePolicy, flushCallback, engine } = config;
  if (!Object.values(QueuePolicy).includes(queuePolicy)) {
    throw makeError("invalid_argument", { op, message: `queuePolicy is ${String(queuePolicy)}.` });
  }
  if (flushCallback !== undefined && typeof flushCallback !== "function") {
    throw makeError("invalid_argument", { op, message: `flushCallback is ${String(flushCallback)}, no function.` });
  }
  return Object.freeze({
    replicationFactor: integer("replicationFactor", 1, limits.replicas),
    batchingDim:
      batchingDim === undefined || (batchingDim === noBatching && !off("batching_sentinel"))
        ? undefined
        : integer("batchingDim", 0, 63),
    maxBatchSize: integer("maxBatchSize", 1, limits.rows),
    maxQueueSize: integer("maxQueueSize", 1, limits.queue),
    queuePolicy,
    ringBufferSizeMultiplier: integer("ringBufferSizeMultiplier", 1, limits.multiplier),
    timeoutNs: config.timeoutNs === undefined ? undefined : checkDuration(config.timeoutNs, "timeoutNs", op),
    isBatchSizeTimeoutEnabled: boolean("isBatchSizeTimeoutEnabled"),
    batchSizeTimeoutNs: checkDuration(config.batchSizeTimeoutNs, "batchSizeTimeoutNs", op),
    dataParallelTimeoutNs: checkDuration(config.dataParallelTimeoutNs, "dataParallelTimeoutNs", op),
    flushOnWaitingOutputs: boolean("flushOnWaitingOutputs"),
    flushCallback,
    validateIoParams: boolean("validateIoParams"),
    threadSafe: boolean("threadSafe"),
    requestTracepointsBufferSize: integer("requestTracepointsBufferSize", 0, limits.traces),
    ...resolveDeployment(config, op),
    threads: engine?.threads === undefined ? 0 : checkInteger(engine.threads, "engine.threads", op, 1, limits.threads),
  });
}

function withoutUndefined(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function checkDuration(value: unknown, name: string, op: string): number {
  if (typeof value === "number" && value >= 0) return value;
  throw makeError("invalid_argument", { op, message: `${name} is ${String(value)}, not a number of nanoseconds.` });
}

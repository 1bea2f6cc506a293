import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import type { RawMemory, TensorData, TypedArray } from "../tensor/index.ts";
import type { Expectation } from "./expectation.ts";

/** Options of `ModelRunner.load`. */
export interface ModelRunnerConfig<E extends Expectation = Expectation> {
  /** What the model must be like; gives the types of inputs and outputs. */
  readonly expect?: E | undefined;
  /** How many requests of `executeAsync` may be under way before it rejects with `queue_full`. Default 1000. */
  readonly maxQueueSize?: number | undefined;
  readonly engine?: EngineConfig | undefined;
  /** Gives up loading: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface EngineConfig {
  /** ONNX Runtime's shared library, instead of the one that is found. */
  readonly path?: string | undefined;
  /** Threads that one run may use. Default: one fewer than the machine has cores, at least 1. */
  readonly threads?: number | undefined;
}

/** Memory for an output, owned by the caller: a typed array, `TensorMemory`, or one of both with a shape. */
export type OutputMemory = TypedArray | RawMemory | TensorData;

export interface ExecuteOptions {
  /** By output name: memory that the result is written to. Native memory is written in place, without a copy. */
  readonly outputs?: Readonly<Record<string, OutputMemory>> | undefined;
}

export interface ExecuteAsyncOptions extends ExecuteOptions {
  /** Rejects with the signal's reason. A request that has not begun never will; one that runs is ended early. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that are left for the answer; when they are over the request rejects with `deadline`. */
  readonly deadlineMs?: number | undefined;
}

const queueSizeDefault = 1000;
const queueSizeLimit = 65_535;
const threadsLimit = 1024;

export interface ResolvedConfig {
  readonly maxQueueSize: number;
  /** 0: the native side chooses. */
  readonly threads: number;
}

/** @throws ArgumentError `invalid_argument` */
export function resolveConfig(config: ModelRunnerConfig, op: string): ResolvedConfig {
  const { maxQueueSize = queueSizeDefault, engine } = config;
  return {
    maxQueueSize: checkInteger(maxQueueSize, "maxQueueSize", op, 1, queueSizeLimit),
    threads: engine?.threads === undefined ? 0 : checkInteger(engine.threads, "engine.threads", op, 1, threadsLimit),
  };
}

/** By shape, not by class: test environments replace `AbortSignal`. @throws ArgumentError `invalid_argument` */
export function checkSignal(signal: AbortSignal | undefined, op: string): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const { addEventListener, removeEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof addEventListener === "function" && typeof removeEventListener === "function") return signal;
  throw makeError("invalid_argument", { op, message: `the signal is ${String(signal)}, not an AbortSignal.` });
}

/** Milliseconds until the deadline, or undefined for none. @throws ArgumentError `invalid_argument` */
export function checkDeadline(deadlineMs: number | undefined, op: string): number | undefined {
  if (deadlineMs === undefined || deadlineMs === Number.POSITIVE_INFINITY) return undefined;
  if (typeof deadlineMs === "number" && !Number.isNaN(deadlineMs)) return deadlineMs;
  throw makeError("invalid_argument", { op, message: `deadlineMs is ${String(deadlineMs)}, not a number.` });
}

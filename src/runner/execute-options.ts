import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { RawMemory, TensorData, TypedArray } from "../tensor/index.ts";
import type { DeviceTensor } from "./device-memory.ts";

/**
 * Memory for an output, owned by the caller: a typed array, `TensorMemory`, or one of both with a shape. Of a model on a CUDA device
 * also an array of that device, which then is the result: nothing comes to the host.
 */
export type OutputMemory = TypedArray | RawMemory | TensorData | DeviceTensor;

export interface ExecuteOptions {
  /** By output name: memory that the result is written to. Native memory is written in place, without a copy. */
  readonly outputs?: Readonly<Record<string, OutputMemory>> | undefined;
  /** The replica that runs it, below `replicationFactor`. Default: the one with the fewest requests. */
  readonly replicaId?: number | undefined;
  /** Higher runs first; from -32768 to 32767. Requests of one priority run in the order submitted. Default 0. */
  readonly priority?: number | undefined;
}

export interface ExecuteAsyncOptions extends ExecuteOptions {
  /**
   * Rejects with the signal's reason. A request that has not begun never will. One that runs is ended early if nothing
   * else runs with it; otherwise its result is dropped.
   */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that are left for the answer; when they are over the request rejects with `deadline`. */
  readonly deadlineMs?: number | undefined;
}

const priorityMax = 32_767;

/** Replica and priority as one integer: see `mr_request_submit`. @throws ArgumentError `invalid_argument` */
export function routeOf({ replicaId, priority }: ExecuteOptions, replicas: number, op: string): number {
  const replica =
    replicaId === undefined || off("replica_id") ? 0 : checkInteger(replicaId, "replicaId", op, 0, replicas - 1) + 1;
  const level = priority === undefined ? 0 : checkInteger(priority, "priority", op, -priorityMax - 1, priorityMax);
  return (replica | (level << 16)) >>> 0;
}

/** Milliseconds until the deadline, or undefined for none. @throws ArgumentError `invalid_argument` */
export function checkDeadline(deadlineMs: number | undefined, op: string): number | undefined {
  if (deadlineMs === undefined || deadlineMs === Number.POSITIVE_INFINITY) return undefined;
  if (typeof deadlineMs === "number" && !Number.isNaN(deadlineMs)) return deadlineMs;
  throw makeError("invalid_argument", { op, message: `deadlineMs is ${String(deadlineMs)}, not a number.` });
}

import { check, checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off, switchable } from "../native/switches.ts";
import type { Handle } from "./port.ts";

/** How long the phases of a request took, in microseconds. */
export interface RequestTimes {
  /** From the call until the run had ended. */
  readonly requestDurationUs: number;
  /** From the call until the request was queued: checks and copies. */
  readonly readPreparationDurationUs: number;
  /** From then until its run began. */
  readonly readQueueDurationUs: number;
  /** The run. */
  readonly computationDurationUs: number;
}

export interface ReplicaOption {
  /** Default 0. */
  readonly replicaId?: number | undefined;
}

export interface TimeTraceOptions extends ReplicaOption {
  /** Which of the requests remembered, 0 being the oldest; -1, the default, is the latest. */
  readonly cur?: number | undefined;
}

export interface PercentileOptions extends ReplicaOption {
  /** From 0 to 1; default 0.9. */
  readonly quantile?: number | undefined;
}

/** What applies where nothing is given. */
const defaults = switchable("monitoring", { replicaId: 0, cur: -1, quantile: 0.9 } as const);

/** Where `mr_replica_latency` leaves what. */
const place = { percentile: 0, mean: 4, count: 8 } as const;

/** The times of one request. @throws ArgumentError `invalid_argument`, `out_of_bounds` when none is remembered there */
export function timeTrace(model: Handle, replicas: number, options: TimeTraceOptions, op: string): RequestTimes {
  const replica = replicaOf(options, replicas, op);
  const index = checkInteger(
    off("time_trace_cur") ? 0 : (options.cur ?? defaults.cur),
    "cur",
    op,
    -(2 ** 31),
    2 ** 31 - 1,
  );
  check(native.mr_replica_trace(model.slot, model.generation, replica, index), op);
  return timesAt(0);
}

export function statistics(
  model: Handle,
  replicas: number,
  options: PercentileOptions,
  what: keyof typeof place,
  op: string,
): RequestTimes {
  const replica = replicaOf(options, replicas, op);
  const { quantile = defaults.quantile } = options;
  if (!(typeof quantile === "number" && quantile >= 0 && quantile <= 1)) {
    throw makeError("invalid_argument", { op, message: `quantile is ${String(quantile)}, not a number from 0 to 1.` });
  }
  check(native.mr_replica_latency(model.slot, model.generation, replica, quantile), op);
  return timesAt(place[what]);
}

function replicaOf({ replicaId = defaults.replicaId }: ReplicaOption, replicas: number, op: string): number {
  if (off("monitoring_replica")) return 0;
  return checkInteger(replicaId, "replicaId", op, 0, replicas - 1);
}

function timesAt(first: number): RequestTimes {
  const [request = 0, preparation = 0, queue = 0, computation = 0] = block.results.subarray(first, first + 4);
  return switchable("RequestTimes", {
    requestDurationUs: request,
    readPreparationDurationUs: preparation,
    readQueueDurationUs: queue,
    computationDurationUs: computation,
  });
}

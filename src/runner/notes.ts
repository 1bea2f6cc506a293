import { check } from "../native/check.ts";
import { block, native } from "../native/library.ts";
import { QueuePolicy, type ResolvedConfig } from "./config.ts";
import type { Handle } from "./port.ts";

// Where `mr_replica_load` finds what it shall keep for threads that attach.
const begin = 16;
const keys = [
  "replicationFactor",
  "batchingDim",
  "maxBatchSize",
  "maxQueueSize",
  "queuePolicy",
  "ringBufferSizeMultiplier",
  "timeoutNs",
  "isBatchSizeTimeoutEnabled",
  "batchSizeTimeoutNs",
  "dataParallelTimeoutNs",
  "flushOnWaitingOutputs",
  "validateIoParams",
  "threadSafe",
  "requestTracepointsBufferSize",
  "threads",
  "runSavePrograms",
  "checkPackageHash",
  "autoReset",
  "maxLookAhead",
] as const satisfies readonly (keyof ResolvedConfig)[];
const booleans: ReadonlySet<string> = new Set([
  "isBatchSizeTimeoutEnabled",
  "flushOnWaitingOutputs",
  "validateIoParams",
  "threadSafe",
  "runSavePrograms",
  "checkPackageHash",
  "autoReset",
]);
const none = -1;
const unlimited = Number.POSITIVE_INFINITY;
const policies = Object.values(QueuePolicy);

/** Leaves the options as numbers in the block, for whoever attaches to the model that is being loaded. */
export function writeNotes(config: ResolvedConfig): void {
  keys.forEach((key, index) => {
    const value = config[key];
    block.values[begin + index] =
      key === "queuePolicy" ? policies.indexOf(config.queuePolicy) : value === undefined ? none : numberOf(value);
  });
}

function numberOf(value: string | number | boolean): number {
  return value === "unlimited" ? unlimited : Number(value);
}

/** The options with which the model was loaded, but for the functions among them. */
export function readNotes(model: Handle, op: string): ResolvedConfig {
  check(native.mr_replica_notes(model.slot, model.generation), op);
  const entries = keys.map((key, index) => {
    const number = block.results[index]!;
    if (key === "queuePolicy") return [key, policies[number]];
    if (number === none) return [key, undefined];
    if (key === "maxLookAhead") return [key, number === unlimited ? "unlimited" : String(number)];
    return [key, booleans.has(key) ? number === 1 : number];
  });
  return Object.freeze(Object.fromEntries(entries)) as ResolvedConfig;
}

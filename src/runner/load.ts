import { resolve } from "node:path";
import { check, readText, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { runJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import { logChoice } from "../native/log.ts";
import { off } from "../native/switches.ts";
import type { ResolvedConfig } from "./config.ts";
import { readNotes, writeNotes } from "./notes.ts";
import type { Handle } from "./port.ts";

const pathBytesMax = 4095;
const tokenBytesMax = 64;

export interface Loaded extends Handle {
  readonly inputCount: number;
  readonly outputCount: number;
}

/** Loads on native threads; `engine` is ONNX Runtime's library. Aborting rejects with the signal's reason. */
export function loadModel(
  model: string,
  engine: string,
  config: ResolvedConfig,
  signal: AbortSignal | undefined,
  op: string,
): Promise<Loaded> {
  const start = () => {
    const engineLength = writePath(engine, 0, op);
    const modelLength = writePath(model, engineLength, op);
    writeSettings(config, false);
    return native.mr_replica_load(engineLength, modelLength);
  };
  const take = (slot: number) => {
    const loaded = readLoaded(slot);
    logChoice(`ONNX Runtime ${readText(0, block.results[3]!)}: ${engine}`);
    return loaded;
  };
  return runJob(start, take, op, signal);
}

/** Leaves in the block what `mr_replica_load` reads. `wholeBatches`: without `batchingDim`, requests have whole compiled batches. */
export function writeSettings(config: ResolvedConfig, wholeBatches: boolean): void {
  const { batchingDim, flushCallback } = config;
  block.values.set([
    config.threads,
    off("replication_factor") ? 1 : config.replicationFactor,
    batchingDim === undefined || off("batching_dim") ? 0 : batchingDim + 1,
    off("max_batch_size") ? 65_536 : config.maxBatchSize,
    waitNs(batchNs(config)),
    flushCallback === undefined || off("flush_callback") ? 0 : 1,
    tracesMax(config),
    config.threadSafe ? 1 : 0,
    wholeBatches ? 1 : 0,
    off("timeout_idle") ? -1 : waitNs(timeoutNs(config)),
    config.flushOnWaitingOutputs ? 1 : 0,
    config.runSavePrograms ? 1 : 0,
  ]);
  writeNotes(config);
}

/** This thread's access to a model of the process that another thread shared. */
export function attachModel(token: string, op: string): { model: Loaded; config: ResolvedConfig } {
  const length = writeText(String(token), 0, tokenBytesMax, () =>
    makeError("not_found", { op, message: `"${token}" is no token.` }),
  );
  const model = readLoaded(check(native.mr_replica_attach(length), op));
  return { model, config: readNotes(model, op) };
}

export function readLoaded(slot: number): Loaded {
  const [generation = 0, inputCount = 0, outputCount = 0] = block.results;
  return { slot, generation, inputCount, outputCount };
}

function tracesMax({ requestTracepointsBufferSize: size }: ResolvedConfig): number {
  if (off("tracepoints_limit")) return 0;
  return size === 0 && off("tracepoints_unlimited") ? 1000 : size;
}

/** How long an incomplete batch waits for rows. */
function batchNs(config: ResolvedConfig): number {
  const { isBatchSizeTimeoutEnabled: enabled, batchSizeTimeoutNs } = config;
  const byBatchSize = (enabled && !off("batch_size_timeout")) || off("batch_size_timeout_enabled");
  if (byBatchSize) return batchSizeTimeoutNs;
  return off("timeout_ns") ? 0 : timeoutNs(config);
}

function timeoutNs({ timeoutNs: given }: ResolvedConfig): number {
  return given === 0 && !off("timeout_never") ? Number.POSITIVE_INFINITY : (given ?? 0);
}

/** As the native side has it: 0: no waiting, -1: for ever. */
function waitNs(ns: number): number {
  return ns > Number.MAX_SAFE_INTEGER ? -1 : Math.floor(ns);
}

export function writePath(path: string, offset: number, op: string): number {
  return writeText(path, offset, pathBytesMax, () =>
    makeError("invalid_argument", { op, message: `a path of ${path.length} characters is too long.` }),
  );
}

/** The absolute path of a file named by a path or a `file:` URL. */
export function filePath(path: string | URL, op: string): string {
  if (typeof path === "string" && path !== "") return resolve(path);
  // By shape: test environments replace URL.
  const href = (path as Partial<URL> | undefined)?.href;
  if (typeof href === "string" && href.startsWith("file:")) return Bun.fileURLToPath(href);
  throw makeError("invalid_argument", { op, message: `${String(path)} names no file.` });
}

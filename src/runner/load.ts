import { resolve } from "node:path";
import { readText, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { runJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import { logChoice } from "../native/log.ts";
import type { ResolvedConfig } from "./config.ts";
import type { Handle } from "./data-desc.ts";

const pathBytesMax = 4095;

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
    // One request more than may be queued: the one of a blocking `execute`.
    return native.mr_replica_load(engineLength, modelLength, config.threads, config.maxQueueSize + 1);
  };
  const take = (slot: number) => {
    const [generation = 0, inputCount = 0, outputCount = 0, versionLength = 0] = block.results;
    logChoice(`ONNX Runtime ${readText(0, versionLength)}: ${engine}`);
    return { slot, generation, inputCount, outputCount };
  };
  return runJob(start, take, op, signal);
}

function writePath(path: string, offset: number, op: string): number {
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

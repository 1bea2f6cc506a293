import { NativeBuffer } from "../../native/buffer.ts";
import { runJob } from "../../native/jobs.ts";
import { block, native } from "../../native/library.ts";
import type { ResolvedConfig } from "../config.ts";
import { type Loaded, readLoaded, writePath, writeSettings } from "../load.ts";

/** Where bytes lie: a handle's slot and generation, and an offset. */
export interface Place {
  readonly memory: readonly [slot: number, generation: number];
  readonly offset: number;
}

/** See `mr_graph_describe`. */
export interface WeightPart extends Place {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
}

export interface ConstantPart extends Place {
  readonly name: string;
  /** 0: as the model's input. */
  readonly type: number;
  /** Undefined: as the model's input. */
  readonly shape?: readonly number[] | undefined;
  readonly size: number;
}

export interface StreamPart {
  readonly name: string;
  readonly handle: string;
  readonly type: number;
  readonly shape: readonly number[];
}

/** The main program of an executable, which lies in the graph's place. */
export interface KernelParts {
  readonly main: number;
  readonly inputs: readonly StreamPart[];
  readonly outputs: readonly StreamPart[];
  readonly checkPackageHash: boolean;
}

/** CUDA devices, one for each replica. */
export interface CudaParts {
  readonly devices: readonly (readonly [slot: number, generation: number])[];
  /** ONNX Runtime's provider; empty for kernels. */
  readonly provider: string;
}

/** See `mr_deployment_load`. */
export interface Parts {
  readonly kernels?: KernelParts;
  readonly cuda?: CudaParts;
  readonly path?: string;
  readonly weights?: readonly WeightPart[];
  readonly constants?: readonly ConstantPart[];
  readonly devices?: {
    readonly sessions: readonly (readonly [slot: number, generation: number])[];
    readonly main: readonly number[];
    readonly load: readonly number[];
    readonly inputs: readonly StreamPart[];
    readonly outputs: readonly StreamPart[];
    readonly autoReset: boolean;
  };
}

/** Loads a model of parts; all of them stay in memory as long as the model. `engine`: ONNX Runtime's library. */
export async function loadParts(
  graph: Uint8Array,
  parts: Parts,
  engine: string,
  config: ResolvedConfig,
  options: { readonly wholeBatches: boolean; readonly signal: AbortSignal | undefined },
  op: string,
): Promise<{ readonly loaded: Loaded; readonly version: string }> {
  const json = new TextEncoder().encode(JSON.stringify(parts));
  using message = NativeBuffer.create(graph.length + json.length, op);
  const bytes = new Uint8Array(message.buffer);
  bytes.set(graph);
  bytes.set(json, graph.length);
  const start = () => {
    writeSettings(config, options.wholeBatches);
    const length = writePath(engine, 0, op);
    return native.mr_deployment_load(message.slot, message.generation, graph.length, json.length, length);
  };
  return await runJob(start, (slot) => ({ loaded: readLoaded(slot), version: readVersion() }), op, options.signal);
}

function readVersion(): string {
  return new TextDecoder().decode(block.text.slice(0, block.results[3]!));
}

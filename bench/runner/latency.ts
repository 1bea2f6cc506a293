import type { ModelRunnerConfig } from "../../src/runner/index.ts";
import { type Statistics, summarize } from "../statistics.ts";
import { type EngineName, openEngine } from "./engines.ts";

export interface LatencyParts {
  readonly engine: EngineName;
  readonly model: string;
  readonly width: number;
  /** Blocking calls; only Millrace has them. */
  readonly blocking: boolean;
  readonly samples: number;
  readonly config?: ModelRunnerConfig;
}

/** One request after the other. */
export async function latency(parts: LatencyParts): Promise<Statistics> {
  const engine = await openEngine(parts.engine, parts.model, parts.config);
  const x = new Float32Array(parts.width).fill(0.5);
  const shape = [1, parts.width];
  const times = new Float64Array(parts.samples);
  for (let i = -Math.min(5000, parts.samples); i < parts.samples; i++) {
    const before = performance.now();
    if (parts.blocking && engine.inferNow) engine.inferNow(x);
    else await engine.infer(x, shape);
    if (i >= 0) times[i] = (performance.now() - before) * 1e6;
  }
  await engine.close();
  return summarize(times);
}

import type { ModelRunnerConfig } from "../../src/runner/index.ts";
import { summarize } from "../statistics.ts";
import { type EngineName, openEngine } from "./engines.ts";

export interface CallersParts {
  readonly engine: EngineName;
  readonly model: string;
  /** Elements of an input of one row. */
  readonly width: number;
  readonly callers: number;
  readonly seconds: number;
  readonly config?: ModelRunnerConfig;
}

export interface CallersFigures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Rows of a run on average; 1 where nothing is merged. */
  readonly batch: number;
  /** CPU time of the JavaScript thread for a request, nanoseconds. */
  readonly threadNs: number;
  readonly requests: number;
}

const keptMax = 200_000;

/** Each caller sends its next request when it has the answer to the last. */
export async function callers(parts: CallersParts): Promise<CallersFigures> {
  const engine = await openEngine(parts.engine, parts.model, parts.config);
  const times = new Float64Array(keptMax);
  let count = 0;
  let stopped = false;
  const shape = [1, parts.width];
  const call = async (seed: number) => {
    const x = new Float32Array(parts.width).fill(seed / 100);
    while (!stopped) {
      // The clock costs 50 to 100 ns: every eighth request is enough for percentiles.
      const timed = (count & 7) === 0;
      const before = timed ? performance.now() : 0;
      const { y } = await engine.infer(x, shape);
      if (Number.isNaN(y.data[0])) throw new Error("no number");
      if (timed) times[(count >> 3) % keptMax] = (performance.now() - before) * 1e6;
      count++;
    }
  };
  const phase = async (seconds: number) => {
    stopped = false;
    count = 0;
    const cpu = process.threadCpuUsage();
    const began = performance.now();
    setTimeout(() => {
      stopped = true;
    }, seconds * 1000);
    await Promise.all(Array.from({ length: parts.callers }, (_, seed) => call(seed)));
    const ms = performance.now() - began;
    const used = process.threadCpuUsage(cpu);
    return { ms, threadNs: ((used.user + used.system) * 1000) / count };
  };
  await phase(parts.seconds / 4);
  const before = engine.runner?.stats();
  const { ms, threadNs } = await phase(parts.seconds);
  const after = engine.runner?.stats();
  const { p50, p99 } = summarize(times.slice(0, Math.min(keptMax, count >> 3)));
  await engine.close();
  return {
    perSecond: (count / ms) * 1000,
    p50,
    p99: p99 ?? p50,
    batch: before && after ? (after.rows - before.rows) / (after.batches - before.batches) : 1,
    threadNs,
    requests: count,
  };
}

/** The most requests a second at which p99 is at most `limitMs`, over several numbers of callers. */
export async function busy(parts: CallersParts & { readonly limitMs: number; readonly counts: readonly number[] }) {
  let best: CallersFigures & { callers: number } = { ...(await callers({ ...parts, callers: 1 })), callers: 1 };
  for (const count of parts.counts) {
    const figures = await callers({ ...parts, callers: count });
    if (figures.p99 > parts.limitMs * 1e6) break;
    if (figures.perSecond > best.perSecond) best = { ...figures, callers: count };
  }
  return best;
}

import { type Statistics, summarize } from "../statistics.ts";
import { type EngineName, openEngine } from "./engines.ts";

export interface GapsParts {
  /** undefined: nothing runs. */
  readonly engine?: EngineName;
  readonly model: string;
  readonly width: number;
  readonly rows: number;
  readonly seconds: number;
}

/** How long the event loop is not there for others: the time between turns of a loop that does nothing else. */
export async function gaps(parts: GapsParts): Promise<Statistics & { readonly runs: number; readonly runMs: number }> {
  const engine = parts.engine && (await openEngine(parts.engine, parts.model));
  const x = new Float32Array(parts.width * parts.rows);
  const shape = [parts.rows, parts.width];
  await engine?.infer(x, shape);
  let stopped = false;
  let runs = 0;
  const running = (async () => {
    while (engine && !stopped) {
      await engine.infer(x, shape);
      runs++;
    }
  })();
  const found: number[] = [];
  const began = performance.now();
  let last = began;
  while (last - began < parts.seconds * 1000) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const now = performance.now();
    found.push((now - last) * 1e6);
    last = now;
  }
  stopped = true;
  await running;
  const runMs = (performance.now() - began) / Math.max(1, runs);
  await engine?.close();
  return { ...summarize(Float64Array.from(found)), runs, runMs };
}

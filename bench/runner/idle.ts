import { type EngineName, openEngine } from "./engines.ts";

export interface IdleParts {
  /** Undefined: a process that loads the modules and no model. */
  readonly engine?: EngineName | undefined;
  readonly model: string;
  readonly width: number;
  readonly seconds: number;
}

/** Processor time in percent of one core while a loaded model waits, and resident memory above the process without it. */
export async function idle(parts: IdleParts): Promise<{ readonly percent: number; readonly bytes: number }> {
  // What the two modules weigh is not the model's.
  await import("onnxruntime-node");
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  const engine = parts.engine && (await openEngine(parts.engine, parts.model));
  for (let i = 0; i < 100; i++) await engine?.infer(new Float32Array(parts.width), [1, parts.width]);
  Bun.gc(true);
  await Bun.sleep(500);
  const bytes = process.memoryUsage().rss - before;
  const cpu = process.cpuUsage();
  await Bun.sleep(parts.seconds * 1000);
  const used = process.cpuUsage(cpu);
  await engine?.close();
  return { percent: (used.user + used.system) / 1e4 / parts.seconds, bytes };
}

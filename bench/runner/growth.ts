import { openEngine } from "./engines.ts";

export interface GrowthParts {
  readonly model: string;
  readonly width: number;
  readonly callers: number;
  readonly requests: number;
}

/** Resident bytes after a twentieth of the requests and after all of them, garbage collected. */
export async function growth(parts: GrowthParts): Promise<{ readonly early: number; readonly late: number }> {
  const engine = await openEngine("millrace", parts.model, { batchingDim: 0, maxBatchSize: 64 });
  const shape = [1, parts.width];
  const send = async (requests: number) => {
    let left = requests;
    const call = async () => {
      const x = new Float32Array(parts.width);
      while (left-- > 0) await engine.infer(x, shape);
    };
    await Promise.all(Array.from({ length: parts.callers }, call));
    Bun.gc(true);
    await Bun.sleep(100);
    return process.memoryUsage().rss;
  };
  const early = await send(Math.floor(parts.requests / 20));
  const late = await send(parts.requests - Math.floor(parts.requests / 20));
  await engine.close();
  return { early, late };
}

/**
 * Bytes that a call allocates on the JavaScript heap, garbage included: from the collector's own log, in a process of its
 * own (`allocate.ts`), because no counter of bytes ever allocated can be read from within.
 */
import { unpinned } from "../placement.ts";

export const begin = "millrace-bench begin";
export const end = "millrace-bench end";
const blockSlack = 500_000;

/** Per call; null when the log does not say. */
export async function bytesPerCall(file: string, name: string, calls: number): Promise<number | null> {
  const child = Bun.spawn(unpinned([process.execPath, `${import.meta.dir}/allocate.ts`, file, name, String(calls)]), {
    env: { ...process.env, BUN_JSC_logGC: "1" },
    stdout: "pipe",
    stderr: "pipe",
    timeout: 120_000,
  });
  const [out, err, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exit !== 0) throw new Error(`${name} ended with ${exit}: ${err.trim().split("\n").at(-1)}`);
  return parseLog(`${out}${err}`, calls);
}

/**
 * A collection that the allocator asked for says how much was allocated since the last one. The last collection was asked
 * for by `allocate.ts` and does not: there the heap's size before it, less what the one before left, has to do.
 */
export function parseLog(log: string, calls: number): number | null {
  const from = log.indexOf(begin);
  const to = log.indexOf(end, from);
  if (from < 0 || to < 0) return null;
  const between = log.slice(from, to);
  let bytes = 0;
  for (const [, allocated] of between.matchAll(/bytes allocated this cycle: (\d+)/g)) bytes += Number(allocated);
  const before = [...between.matchAll(/START M (\d+)kb/g)].at(-1);
  if (before === undefined) return null;
  const left = [...log.slice(0, from + before.index).matchAll(/=> (\d+)kb/g)].at(-1);
  if (left === undefined) return null;
  const unfinished = Math.max(0, Number(before[1]) - Number(left[1])) * 1024;
  // Blocks that are only begun count whole: below this much it is not the calls' doing.
  return (bytes + (unfinished > blockSlack ? unfinished : 0)) / calls;
}

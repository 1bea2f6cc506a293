import { unpinned } from "../placement.ts";
import { type Statistics, summarize } from "../statistics.ts";

/**
 * Runs each script `n` times in a fresh Bun process, in turn, so that all of them see the same machine. A script prints
 * the nanoseconds it measured itself: starting Bun is in none of them.
 */
export async function inFreshProcesses<K extends string>(
  scripts: Readonly<Record<K, readonly string[]>>,
  n: number,
): Promise<Record<K, Statistics>> {
  const times = {} as Record<K, number[]>;
  const names = Object.keys(scripts) as K[];
  for (const name of names) times[name] = [];
  // The first round reads files from disk and fills Bun's caches.
  for (let i = -1; i < n; i++) {
    for (const name of names) {
      const ns = await once(scripts[name]);
      if (i >= 0) times[name].push(ns);
    }
  }
  const statistics = {} as Record<K, Statistics>;
  for (const name of names) statistics[name] = summarize(new Float64Array(times[name]));
  return statistics;
}

async function once([file, ...args]: readonly string[]): Promise<number> {
  const child = Bun.spawn(unpinned([process.execPath, `${import.meta.dir}/${file}`, ...args]), {
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [out, err, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const ns = Number(out.trim());
  if (exit !== 0 || !(ns > 0)) throw new Error(`${file} ended with ${exit}: ${err.trim()}`);
  return ns;
}

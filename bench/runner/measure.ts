import { unpinned } from "../placement.ts";
import type { tasks } from "./tasks.ts";

type Tasks = typeof tasks;

/** Runs a task of `tasks.ts` in a fresh process, free to use every CPU: its threads are the thing measured. */
export async function measure<K extends keyof Tasks>(
  task: K,
  parts: Parameters<Tasks[K]>[0],
): Promise<Awaited<ReturnType<Tasks[K]>>> {
  const command = [process.execPath, `${import.meta.dir}/child.ts`, task, JSON.stringify(parts)];
  const child = Bun.spawn(unpinned(command), { stdout: "pipe", stderr: "pipe", timeout: 300_000 });
  const [out, err, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exit !== 0) throw new Error(`${task} ended with ${exit}: ${err.trim().split("\n").at(-1)}`);
  return JSON.parse(out.trim().split("\n").at(-1)!) as Awaited<ReturnType<Tasks[K]>>;
}

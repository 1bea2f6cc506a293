// Starts processes that die, and never waits for them: they stay zombies while this one lives. It never returns to its
// event loop, where Bun would collect them.
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const plan = JSON.parse(process.argv[2]!) as { dir: string; steps: string[] }[];
const dead: number[] = [];

for (const { dir, steps } of plan) {
  for (const step of steps) {
    const { pid } = Bun.spawn([process.execPath, join(import.meta.dir, "victim.ts"), dir], {
      env: { ...process.env, MILLRACE_KILL_AT: step },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
    while (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")) Bun.sleepSync(2);
    dead.push(pid);
  }
}
writeSync(1, JSON.stringify(dead));
for (;;) Bun.sleepSync(1_000);

// Holds a job open with everything in it, then ends in the way that the argument names.
import { Worker } from "node:worker_threads";
import { FastIOContext } from "../../src/fastio/index.ts";

const [, , dir, how] = process.argv as string[] as [string, string, string, string];

function fill(name: string): void {
  const job = FastIOContext.open("ending", { dir });
  job.create(200_000).publish(name);
  job.create(1_000);
  job.create(3_000).release();
  if (!how.includes("end of the program")) void job.waitFor("never").catch(() => {});
}

fill("main");
if (how.startsWith("worker ")) {
  const worker = new Worker(new URL("ending-worker.ts", import.meta.url), { workerData: { dir } });
  worker.on("error", () => {});
  await new Promise((resolve) => worker.once("message", resolve));
  if (how.includes("end of the program")) worker.unref();
}
const endings: Record<string, () => unknown> = {
  "process.exit": () => process.exit(3),
  "uncaught exception": () =>
    setTimeout(() => {
      throw new Error("meant");
    }, 1),
  "unhandled rejection": () => void Promise.reject(new Error("meant")),
  "a handler of its own": () => process.on("SIGINT", () => process.exit(7)),
  "a handler that goes on": () => {
    let count = 0;
    process.on("SIGINT", () => {
      const job = FastIOContext.open("ending", { dir });
      process.stdout.write(`heard ${++count} ${job.has("main")}\n`);
    });
  },
};
endings[how.replace("worker ", "")]?.();
process.stdout.write("ready\n");

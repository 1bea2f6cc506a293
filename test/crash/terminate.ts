// Terminates a Worker that holds allocations, and says what the others see; then ends without closing anything.
import { Worker } from "node:worker_threads";
import { FastIOContext } from "../../src/fastio/index.ts";

const dir = process.argv[2]!;
const job = FastIOContext.open("ending", { dir, recycleBytesMax: 0 });
const worker = new Worker(new URL("ending-worker.ts", import.meta.url), { workerData: { dir } });
await new Promise((resolve) => worker.once("message", resolve));
const held = job.get("worker");
const before = job.stats();
await worker.terminate();
// The Worker's heap is torn down after Bun has reported its exit.
for (let turn = 0; turn < 200 && job.stats().allocations === before.allocations; turn++) await Bun.sleep(10);
const after = job.stats();
console.log(JSON.stringify({ before, after, names: job.list(), bytes: held.getBytes().length }));
held.free();

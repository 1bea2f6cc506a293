import { parentPort, workerData } from "node:worker_threads";
import { FastIOContext } from "../../src/fastio/index.ts";

const job = FastIOContext.open("ending", { dir: (workerData as { dir: string }).dir });
job.create(100_000).publish("worker");
job.create(2_000).map().fill(1);
void job.waitFor("never, in the worker").catch(() => {});
parentPort?.postMessage("ready");
setInterval(() => {}, 1_000);

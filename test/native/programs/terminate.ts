// Ends Workers in the midst of whatever they wait for, while another Worker and this thread go on with theirs. Prints
// what is left open at the end.
import { join } from "node:path";
import { FastIOContext } from "../../../src/fastio/index.ts";
import { block, native } from "../../../src/native/library.ts";

const rounds = Number(process.env["ROUNDS"]);
const wait = process.env["WAIT"]!;

function live(): number[] {
  Bun.gc(true);
  const handles = native.mr_boundary_live();
  return [handles, block.results[0]!, native.mr_replica_live(), native.mr_session_live()];
}

function begin(): Promise<Worker> {
  const worker = new Worker(join(import.meta.dir, "waiting-worker.ts"));
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ wait, model: process.env["MODEL"] });
  });
}

function end(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.addEventListener("close", () => resolve());
    worker.terminate();
  });
}

const job = FastIOContext.open("others");
const other = await begin();
for (let round = 0; round < rounds; round++) {
  const worker = await begin();
  const arriving = job.waitFor(`round ${round}`);
  await Bun.sleep((round * 7) % 40);
  const ended = end(worker);
  job.publishArray(Float32Array.of(round), `round ${round}`);
  using arrived = await arriving;
  if ((arrived.getArray() as Float32Array)[0] !== round) throw new Error(`round ${round} read ${arrived.getArray()}`);
  arrived.free();
  await ended;
}
await end(other);
job.close();
// Bun says that a Worker has ended while its thread may still be in native code.
for (let i = 0; i < 1000 && live().some((count) => count > 0); i++) await Bun.sleep(10);
console.log(JSON.stringify(live()));

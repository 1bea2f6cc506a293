// Leaves a bufferizer of each policy open, with batches taken, appends that wait, and a time trigger running.
import { parentPort, workerData } from "node:worker_threads";
import { FullPolicy } from "../../../src/bufferizer/index.ts";
import { element, elements, make } from "../elements.ts";
import { host, simulated } from "../places.ts";

const kept: unknown[] = [];
const { stream } = (workerData === "host" ? host : simulated).open();
for (const fullPolicy of Object.values(FullPolicy)) {
  const buffer = make({ stream, fullPolicy, maxDelayMs: 60_000, bufferFullHook: () => new Promise(() => {}) });
  buffer.append(elements(1, 2, 3, 4));
  kept.push(buffer.take());
  const late = make({ stream, bufferSize: 1, fullPolicy: "wait" });
  late.append(element(1));
  kept.push(buffer, late);
  void late.appendAsync(element(2));
}
parentPort?.postMessage("ready");
setInterval(() => kept.length, 1_000);

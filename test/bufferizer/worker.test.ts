import { expect, test } from "bun:test";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { alive, grown } from "../runner/fixture.ts";

test.each(["host", "simulated"])("a Worker that ends takes with it what it left open: %s", async (place) => {
  const before = alive();
  const worker = new Worker(join(import.meta.dir, "programs/left-open.ts"), { workerData: place });
  await new Promise((resolve) => worker.once("message", resolve));
  expect(alive().mappings).toBeGreaterThan(before.mappings);
  await worker.terminate();
  expect(await grown(before)).toEqual([]);
});

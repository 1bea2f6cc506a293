import { expect, test } from "bun:test";
import { join } from "node:path";
import { CudaDevice } from "../../src/cuda/index.ts";
import { simulate } from "../../src/testing/index.ts";

test("a Worker that ends, in the middle of a wait as well, leaves nothing open", async () => {
  using sim = simulate({ cuda: 1 });
  using gpu = CudaDevice.open();
  for (const how of ["idle", "waiting"]) {
    sim.cuda.delay({ call: "cuMemsetD8Async", asynchronous: true, delayMs: 300, times: 1 });
    const worker = new Worker(join(import.meta.dir, "programs/holding-worker.ts"));
    const told = new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
    });
    worker.postMessage(how);
    expect(await told).toBe(how);
    expect(gpu.stats().bytesAllocated).toBeGreaterThan(0);
    worker.terminate();
    while (gpu.stats().bytesAllocated + gpu.stats().bytesPinned + gpu.stats().bytesRegistered > 0) {
      Bun.gc(true);
      await Bun.sleep(5);
    }
  }
  gpu.close();
  expect(sim.leaks()).toEqual([]);
});

test("Workers use one device together, each with streams of its own", async () => {
  using sim = simulate({ cuda: 1 });
  const workers = Array.from({ length: 3 }, () => new Worker(join(import.meta.dir, "programs/copying-worker.ts")));
  const results = await Promise.all(
    workers.map(
      (worker, index) =>
        new Promise((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage(index);
        }),
    ),
  );
  expect(results).toEqual([0, 1, 2]);
  expect(sim.cuda.calls("cuDevicePrimaryCtxRetain")).toBeLessThanOrEqual(3);
  for (const worker of workers) worker.terminate();
});

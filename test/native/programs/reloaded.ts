// Run by `bun --hot` again and again: opens, waits and loads, and leaves everything to the reload. Prints what is open.
import { readdirSync } from "node:fs";
import { CudaDevice } from "../../../src/cuda/index.ts";
import { FastIOContext } from "../../../src/fastio/index.ts";
import { block, native } from "../../../src/native/library.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";

const code = (error: { code?: string }) => error.code;
const steps = (count: bigint) => ({ x: new Float32Array(1), steps: new BigInt64Array([count]) });

const job = FastIOContext.open("reloaded");
const memory = new TensorMemory(100_000);
memory.getView().data.fill(1);
job.publishArray(new Float32Array(100_000), "tensor", { replace: true });
const tensor = job.get("tensor");
tensor.getArray();
void job.waitFor("never").catch(code);
void job.createAsync(1_000_000).catch(code);
const gpu = CudaDevice.open({ libraryPath: process.env["CUDA_LIBRARY"] });
gpu.allocate(64).publish(job, "on the GPU", { dtype: "uint8", shape: [64], replace: true });
gpu.get(job, "on the GPU");
void gpu.waitFor(job, "never").catch(code);
const runner = await ModelRunner.load(process.env["MODEL"]!);
await runner.executeAsync(steps(1n));
void runner.executeAsync(steps(1_000_000_000n)).catch(code);

// What the modules before this one held goes off the thread.
for (let i = 0; i < 200 && native.mr_replica_live() > 1; i++) await Bun.sleep(5);
await Bun.sleep(20);
Bun.gc(true);
const handles = native.mr_boundary_live();
console.log(
  JSON.stringify({
    handles,
    mappings: block.results[0]!,
    files: readdirSync("/proc/self/fd").length,
    threads: readdirSync("/proc/self/task").length,
    exitListeners: process.listenerCount("exit"),
  }),
);

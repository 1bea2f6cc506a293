// Another process with a simulated GPU that has the job open: runs the functions that the test sends; see `fastio/programs/peer.ts`.
import { CudaDevice, type DeviceTensor } from "../../../src/cuda/index.ts";
import { FastIOContext } from "../../../src/fastio/index.ts";
import { simulate } from "../../../src/testing/index.ts";

const [name, dir] = process.argv.slice(2);
const sim = simulate({ cuda: 2 });
const gpu = CudaDevice.open(0);
const here = {
  sim,
  gpu,
  job: FastIOContext.open(name!, { dir }),
  stream: gpu.createStream(),
  kept: {} as Record<string, DeviceTensor>,
  CudaDevice,
};

export type GpuHere = typeof here;

process.on("message", async ({ task, values }: { task: string; values: unknown[] }) => {
  try {
    const run = new Function(`return (${task})`)() as (here: GpuHere, ...values: unknown[]) => unknown;
    process.send!({ result: await run(here, ...values) });
  } catch (error) {
    process.send!({ error: { code: (error as { code?: string }).code, message: String(error) } });
  }
});
process.on("disconnect", () => {
  for (const tensor of Object.values(here.kept)) tensor.close();
  here.stream.close();
  gpu.close();
  here.job.close();
  sim.close();
});
process.send!({ result: "ready" });

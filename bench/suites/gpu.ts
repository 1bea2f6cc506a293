/** What a GPU takes for what Millrace asks of it. Without one the rows say so: a simulated GPU's times are no GPU's. */
import { CudaDevice } from "../../src/cuda/index.ts";
import { appendingNames, appendingRows } from "../gpu/appending.ts";
import { handoffRows } from "../gpu/handoff.ts";
import { preprocessingName, preprocessingRows } from "../gpu/preprocessing.ts";
import { uploadingName, uploadingRows } from "../gpu/uploading.ts";
import { batch } from "../hot/bufferizer.ts";
import { measureTorchOnGpu } from "../peers/torch.ts";
import { makeRow, type Peer, type Row } from "../row.ts";
import type { Context } from "../suite.ts";

export async function run(context: Context): Promise<Row[]> {
  let gpu: CudaDevice;
  try {
    gpu = CudaDevice.open(0);
  } catch (error) {
    const names = [...appendingNames, uploadingName, preprocessingName];
    const rows = names.map((name) => makeRow({ name, note: `no GPU: ${(error as Error).message}` }));
    return [...rows, ...(await handoffRows(context))];
  }
  using device = gpu;
  return await gpuRows(context, device);
}

/** The rows of a device that is there. */
export async function gpuRows(context: Context, gpu: CudaDevice): Promise<Row[]> {
  const append = await peer(context, "append", "PyTorch, buf[i].copy_(x) on the GPU");
  const preprocess = await peer(context, "preprocess", "PyTorch, the same steps");
  const rows = [
    ...appendingRows(context, gpu, append),
    ...uploadingRows(context, gpu),
    ...preprocessingRows(context, gpu, preprocess),
    ...(await handoffRows(context)),
  ];
  if (!gpu.name.includes("simulated")) return rows;
  return rows.map((row) => ({ ...row, target: null, met: null, note: `a simulated GPU, no GPU's time; ${row.note}` }));
}

async function peer(context: Context, step: "append" | "preprocess", name: string): Promise<Peer> {
  const measured = await measureTorchOnGpu(context, step, batch);
  return "absent" in measured ? { name, absent: measured.absent } : { name, value: measured.p50 };
}

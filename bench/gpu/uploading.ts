import type { CudaDevice } from "../../src/cuda/index.ts";
import { FastIOContext } from "../../src/fastio/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { deviceTime } from "./timing.ts";

const byteLength = 64 << 20;

export const uploadingName = "64 MiB to the GPU from a published, registered FastIO tensor";

/** From a published FastIO tensor to the device, beside the driver's own page-locked memory and memory that is not locked. */
export function uploadingRows(context: Context, gpu: CudaDevice): Row[] {
  context.log("host to device");
  using job = FastIOContext.open(`bench-gpu-${process.pid}`);
  using shared = job.create(byteLength);
  new Uint8Array(shared.map().buffer).fill(1);
  shared.publish("frames");
  using _locked = gpu.register(shared, { readOnly: true });
  using pinned = gpu.allocatePinned(byteLength);
  using pageable = new TensorMemory(byteLength);
  pageable.getView().as("uint8").fill(1);
  using stream = gpu.createStream();
  using memory = gpu.allocate(byteLength);
  const runs = context.samples(50);
  const from = (source: Parameters<typeof stream.upload>[1]) =>
    deviceTime(gpu, stream, runs, () => void stream.upload(memory, source));
  const ours = from(shared);
  const best = from(pinned);
  const plain = from(pageable);
  const row = (name: string, value: number, atLeast: number) =>
    makeRow({
      name: uploadingName,
      statistics: ours,
      peer: { name, value },
      target: { of: "ratio", atLeast },
      note: "by events on the stream",
    });
  return [row("cuMemHostAlloc memory", best.p50, 0.95), row("memory that is not page-locked", plain.p50, 2)];
}

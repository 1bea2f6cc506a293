import { Bufferizer } from "../../src/bufferizer/index.ts";
import { type CudaDevice, DArray } from "../../src/cuda/index.ts";
import { batch, imageShape } from "../hot/bufferizer.ts";
import { makeRow, type Peer, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { deviceTime, hostTime } from "./timing.ts";

export const appendingNames = [
  "append of 3x224x224 float32 on the GPU, the caller's side",
  `${batch} appends on the GPU, the device's side`,
] as const;

/** Filling a buffer on the device: what it costs the caller, and what the device does. */
export function appendingRows(context: Context, gpu: CudaDevice, peer: Peer): Row[] {
  context.log("appending on the device");
  using stream = gpu.createStream();
  using frame = DArray.ones(imageShape, { stream });
  using buffer = new Bufferizer({ shape: imageShape, bufferSize: batch, dtype: "float32", stream });
  using from = gpu.allocate(buffer.nbytes);
  using to = gpu.allocate(buffer.nbytes);
  const runs = context.samples(200);
  // A buffer is full after `batch` appends: the flush that empties it is counted on neither side.
  const called = hostTime(stream, runs, batch, () => {
    if (buffer.full) buffer.flush();
    buffer.append(frame);
  });
  buffer.flush();
  const filled = deviceTime(gpu, stream, runs, () => {
    for (let i = 0; i < batch; i++) buffer.append(frame);
    buffer.take().close();
  });
  const copied = deviceTime(gpu, stream, runs, () => void stream.copy(to.at(0), from.at(0), buffer.nbytes));
  return [
    makeRow({
      name: appendingNames[0],
      statistics: called,
      peer,
      target: { of: "ratio", atLeast: 3 },
      note: `mean of ${batch} calls a sample, one flush in ${batch} included`,
    }),
    makeRow({
      name: appendingNames[1],
      statistics: filled,
      peer: { name: "one copy of the same bytes on the device", value: copied.p50 },
      target: { of: "ratio", atLeast: 0.9 },
      note: `${buffer.nbytes} bytes; by events`,
    }),
  ];
}

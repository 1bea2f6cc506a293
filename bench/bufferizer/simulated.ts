import { Bufferizer } from "../../src/bufferizer/index.ts";
import { CudaDevice, DArray } from "../../src/cuda/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { batch, imageShape } from "../hot/bufferizer.ts";
import { makeRow, type Row } from "../row.ts";
import { summarize } from "../statistics.ts";
import type { Context } from "../suite.ts";

const allocations = [
  "cuMemAlloc",
  "cuMemAllocFromPoolAsync",
  "cuMemHostAlloc",
  "cuMemHostRegister",
  "cuMemPoolCreate",
] as const;

/** On the simulated driver: what an append asks of the driver, what it costs the caller, and a whole batch. */
export async function simulatedRows(context: Context): Promise<Row[]> {
  context.log("simulated GPU");
  using simulation = simulate({ cuda: 1 });
  using gpu = CudaDevice.open(0);
  using stream = gpu.createStream();
  using frame = DArray.ones(imageShape, { stream });
  using buffer = new Bufferizer({ shape: imageShape, bufferSize: batch, dtype: "float32", stream });
  const asked = () => allocations.reduce((sum, call) => sum + simulation.cuda.calls(call), 0);
  const fill = () => {
    for (let i = 0; i < batch; i++) buffer.append(frame);
  };
  fill();
  buffer.flush();
  stream.synchronize();
  const before = asked();
  const runs = context.samples(60, 10);
  const calls = new Float64Array(runs);
  const whole = new Float64Array(runs);
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    fill();
    calls[run] = ((performance.now() - began) * 1e6) / batch;
    buffer.flush();
    stream.synchronize();
    whole[run] = (performance.now() - began) * 1e6;
  }
  const perAppend = (asked() - before) / (runs * batch);
  return [
    makeRow({
      name: "driver allocations per append",
      unit: "x",
      value: perAppend,
      n: runs * batch,
      target: { of: "value", atMost: 0 },
      note: `counted by the simulated driver: ${allocations.join(", ")}`,
    }),
    makeRow({
      name: "append, 3x224x224 float32 of the device, the caller's side",
      statistics: summarize(calls),
      note: `simulated GPU, mean of ${batch} calls a sample; the copies go on beside it on the same two processors`,
    }),
    makeRow({
      name: `${batch} appends and a flush on the simulated GPU`,
      statistics: summarize(whole),
      peer: { name: "memcpy of the same bytes", value: memcpy(runs) },
      note: "until the stream has done all; the flush writes the buffer once more",
    }),
  ];
}

/** p50 of writing the bytes of a batch twice, as appending and flushing do. */
function memcpy(runs: number): number {
  const bytes = 4 * batch * imageShape.reduce((product, size) => product * size, 1);
  const from = new Uint8Array(bytes).fill(1);
  const to = new Uint8Array(bytes);
  const samples = new Float64Array(runs);
  for (let run = -2; run < runs; run++) {
    const began = performance.now();
    to.set(from);
    to.fill(0);
    if (run >= 0) samples[run] = (performance.now() - began) * 1e6;
  }
  return summarize(samples).p50;
}

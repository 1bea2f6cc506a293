import type { CudaDevice, Stream } from "../../src/cuda/index.ts";
import { type Statistics, summarize } from "../statistics.ts";

/** How long the device takes for what `work` asks of the stream, by events around it. */
export function deviceTime(gpu: CudaDevice, stream: Stream, runs: number, work: () => void): Statistics {
  using start = gpu.createEvent({ timing: true });
  using end = gpu.createEvent({ timing: true });
  const samples = new Float64Array(runs);
  for (let run = -3; run < runs; run++) {
    stream.record(start);
    work();
    stream.record(end);
    end.synchronize();
    if (run >= 0) samples[run] = end.elapsedMs(start) * 1e6;
  }
  return summarize(samples);
}

/** How long the calling thread takes for `calls` calls, one with another; the stream is drained between runs. */
export function hostTime(stream: Stream, runs: number, calls: number, call: () => void): Statistics {
  const samples = new Float64Array(runs);
  for (let run = -3; run < runs; run++) {
    const began = performance.now();
    for (let i = 0; i < calls; i++) call();
    if (run >= 0) samples[run] = ((performance.now() - began) * 1e6) / calls;
    stream.synchronize();
  }
  return summarize(samples);
}

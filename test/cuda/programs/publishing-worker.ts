// Publishes a GPU tensor and keeps it published until its end.
import { CudaDevice } from "../../../src/cuda/index.ts";
import { FastIOContext } from "../../../src/fastio/index.ts";

declare const self: Worker;

self.onmessage = ({ data: { name, dir } }: MessageEvent<{ name: string; dir: string }>) => {
  const job = FastIOContext.open(name, { dir });
  const gpu = CudaDevice.open(0);
  const stream = gpu.createStream();
  const memory = gpu.allocate(64);
  stream.fill(memory, 6);
  memory.publish(job, "from a Worker", { dtype: "uint8", shape: [64], stream });
  postMessage("published");
};

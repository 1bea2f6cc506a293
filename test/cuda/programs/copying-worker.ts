// Copies to the device and back; says its number when every byte was right.
import { CudaDevice } from "../../../src/cuda/index.ts";

declare const self: Worker;

self.onmessage = ({ data }) => {
  using gpu = CudaDevice.open();
  using stream = gpu.createStream();
  using memory = gpu.allocate(1000);
  for (let round = 0; round < 50; round++) {
    const bytes = new Uint8Array(1000).fill(data * 50 + round);
    stream.upload(memory, bytes);
    if (Buffer.compare(stream.download(memory), bytes) !== 0) throw new Error(`round ${round} differs`);
  }
  postMessage(data);
};

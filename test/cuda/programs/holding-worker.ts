// Opens everything there is and closes nothing; then waits for the device, or for the end.
import { CudaDevice } from "../../../src/cuda/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";

declare const self: Worker;

self.onmessage = ({ data }) => {
  const gpu = CudaDevice.open();
  const stream = gpu.createStream();
  const memory = gpu.allocate(1 << 16);
  gpu.pool.allocate(1 << 16, stream);
  gpu
    .allocatePinned(1 << 16)
    .bytes()
    .fill(1);
  gpu.register(new TensorMemory(1 << 16));
  const event = gpu.createEvent();
  stream.upload(memory, new Uint8Array(1 << 16));
  stream.fill(memory, 1);
  stream.record(event);
  void stream.synchronizeAsync();
  void event.synchronizeAsync();
  postMessage(data);
  if (data === "waiting") stream.synchronize();
};

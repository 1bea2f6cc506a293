// Ends with memory of a GPU open, unless it is told to close it.
import { CudaDevice } from "../../src/cuda/index.ts";

const device = CudaDevice.open(CudaDevice.count() - 1);
const memory = device.allocate(1000);
console.log(CudaDevice.count());
if (process.argv[2] === "close") {
  memory.close();
  device.close();
  // The device's own thread gives back what is closed.
  await Bun.sleep(200);
}

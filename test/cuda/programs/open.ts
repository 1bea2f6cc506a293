// Opens the first GPU of the driver that the environment names; prints what came of it.
import { CudaDevice } from "../../../src/cuda/index.ts";
import { MillraceError, onLog } from "../../../src/index.ts";

const lines: string[] = [];
onLog(({ message }) => void (message.startsWith("CUDA driver") && lines.push(message)));
const libraryPath = process.env["CUDA_LIBRARY"];
try {
  const count = CudaDevice.count({ libraryPath });
  using device = CudaDevice.open({ libraryPath });
  console.log(JSON.stringify({ count, lines, name: device.name }));
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}

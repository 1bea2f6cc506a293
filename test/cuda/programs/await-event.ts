// Waits for another process's event: not long enough, then as long as it takes.
import { CudaDevice } from "../../../src/cuda/index.ts";
import { MillraceError } from "../../../src/index.ts";

const codeOf = (error: unknown) => (error instanceof MillraceError ? error.code : String(error));

using gpu = CudaDevice.open();
using event = gpu.importEvent(Buffer.from(process.env["EVENT"]!, "hex"));
const late: string[] = [];
try {
  event.synchronize({ timeoutMs: 1 });
} catch (error) {
  late.push(codeOf(error));
}
await event.synchronizeAsync({ timeoutMs: 1 }).catch((error) => late.push(codeOf(error)));
using stream = gpu.createStream();
stream.waitEvent(event);
await event.synchronizeAsync();
const reached = event.query();
await stream.synchronizeAsync();
console.log(JSON.stringify({ late, reached, ordered: stream.query() }));

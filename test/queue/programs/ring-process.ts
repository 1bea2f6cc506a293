// Another process with one end of a published ring. Says by IPC when it has begun and what it found; killed or told to end.
import { FastIOContext } from "../../../src/fastio/index.ts";
import { SpscRingBuffer } from "../../../src/queue/index.ts";

const [name, dir, role, task, count] = process.argv.slice(2);
const job = FastIOContext.open(name!, { dir });
const ring = SpscRingBuffer.open(job, "ring", role as "producer");
const number = (slot: Uint8Array): Float64Array => new Float64Array(slot.buffer as ArrayBuffer, slot.byteOffset);
const found: number[] = [];

if (role === "producer") {
  for (let i = 0; i < Number(count); i++) {
    number(ring.writeLock()!)[0] = i;
    ring.writeComplete();
  }
  // Being written when the end comes: nobody sees it.
  number(ring.writeLock()!)[0] = -1;
} else {
  for (let i = 0; i < Number(count); i++) {
    found.push(number(ring.readLock()!)[0]!);
    if (task !== "keep") ring.readComplete();
  }
}
process.send!({ found });
if (task === "keep") await new Promise(() => {});
ring.close();
job.close();
process.disconnect?.();

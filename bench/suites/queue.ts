/** Queues of a session: rows per second through a program that only copies. */

import { RingMemoryPool } from "../../src/queue/index.ts";
import { batchSize, type Flow, rowLength, timeCallbacks, timeFlow } from "../queue/scene.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";

/** `rows` rows in requests of so many, from and to the same memory; the last output is waited for. */
function requests(rows: number, samples: number, memory: () => Float32Array) {
  return async ({ input, output }: Flow): Promise<void> => {
    const last = rows / samples - 1;
    for (let i = 0; i < last; i++) {
      input.enqueue(memory());
      output.enqueue(memory());
    }
    input.enqueue(memory());
    await output.enqueueAsync(memory());
  };
}

export async function run(context: Context): Promise<Row[]> {
  const batches = context.samples(4_000, 40);
  const rows = batches * batchSize;
  context.log("queues, callbacks");
  const byCallback = rows / (await timeCallbacks(batches));
  const heap = (samples: number) => {
    const array = new Float32Array(samples * rowLength);
    return () => array;
  };
  using pool = new RingMemoryPool(rowLength * 4, batchSize * 32);
  const cases = [
    { name: "requests of one row, JavaScript's heap", samples: 1, memory: heap(1) },
    { name: "requests of one row, native memory", samples: 1, memory: () => pool.getMemoryBlob().as("float32") },
    { name: "requests of a batch, JavaScript's heap", samples: batchSize, memory: heap(batchSize) },
  ];
  const measured: Row[] = [];
  for (const { name, samples, memory } of cases) {
    context.log(`queues, ${name}`);
    const seconds = await timeFlow(requests(rows, samples, memory));
    measured.push(
      makeRow({
        name: `rows through QueueManager: ${name}`,
        unit: "1/s",
        value: rows / seconds,
        n: rows,
        peer: { name: "callbacks of the same session, a whole batch each", value: byCallback },
        higherIsBetter: true,
        note: `${rowLength * 4} bytes a row, batches of ${batchSize}, a program that only copies on the CPU device; blocking enqueue, inputs and outputs, mean of one run after one to warm up`,
      }),
    );
  }
  return measured;
}

/** `postMessage` between Bun Workers: the whole tensor as a structured clone, or moved. */
import { startUnpinned } from "../placement.ts";
import { type Statistics, sampleAsync } from "../statistics.ts";
import { seedOf, writeWhole } from "../workload.ts";

export type Carriage = "clone" | "transfer";

export interface MessageTimes {
  /** Filled here, posted, read whole in the Worker, answered with a number (and the buffer itself when moved). */
  endToEnd(bytes: number, carriage: Carriage, n: number): Promise<Statistics>;
  /** Half a round trip of an array that nobody writes or reads. */
  ping(bytes: number, carriage: Carriage, n: number): Promise<Statistics>;
}

export interface Posted {
  readonly tensor: Float64Array<ArrayBuffer>;
  /** Undefined: do not read. */
  readonly seed: number | undefined;
  readonly carriage: Carriage;
  readonly echo: boolean;
}

/** Runs `measure` against a Worker of this process. */
export async function withWorker<T>(measure: (times: MessageTimes) => Promise<T>): Promise<T> {
  const worker = startUnpinned(() => new Worker(`${import.meta.dir}/message-worker.ts`));
  let answered: (event: MessageEvent) => void = () => {};
  let failed: (error: Error) => void = () => {};
  worker.onmessage = (event) => answered(event);
  worker.onerror = (event) => failed(new Error(`the Worker failed: ${event.message}`));
  const post = (posted: Posted): Promise<Float64Array<ArrayBuffer> | undefined> =>
    new Promise((resolve, reject) => {
      answered = (event) => resolve(event.data.tensor);
      failed = reject;
      worker.postMessage(posted, posted.carriage === "transfer" ? [posted.tensor.buffer] : []);
    });
  try {
    return await measure({
      endToEnd(bytes, carriage, n) {
        let tensor = new Float64Array(bytes / 8);
        return sampleAsync(n, 3, async (i) => {
          writeWhole(tensor, seedOf(i));
          tensor = (await post({ tensor, seed: seedOf(i), carriage, echo: carriage === "transfer" })) ?? tensor;
          return undefined;
        });
      },
      ping(bytes, carriage, n) {
        let tensor = new Float64Array(bytes / 8);
        return sampleAsync(n, 3, async () => {
          const before = performance.now();
          tensor = (await post({ tensor, seed: undefined, carriage, echo: true })) ?? tensor;
          return ((performance.now() - before) * 1e6) / 2;
        });
      },
    });
  } finally {
    worker.terminate();
  }
}

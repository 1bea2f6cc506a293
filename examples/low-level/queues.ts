// Answers requests of any number of digits, while the model runs in batches of 16: `bun examples/low-level/queues.ts`.
import { Session } from "millrace/session";
import { batchSize, classes, compile, countCorrect, imagesOf, openDevice, readScans } from "./model.ts";

const scans = await readScans();
using model = await compile();
using device = openDevice();
await using session = new Session(model);
session.bindToDevice(device);
const queues = session.createQueueManager({
  ringSizeMultiplier: 4,
  // A batch that nobody completes within a millisecond is completed with zeros.
  timeoutNs: 1_000_000,
  readTimeout: () => queues.flushAll(),
});
const running = session.runMainProgramsAsync({ repeat: "untilStopped" });

const image = queues.inputQueue("image");
const logits = queues.outputQueue("logits");

/** One request: its inputs and its outputs have the same place in their queues. */
async function classify(first: number, count: number): Promise<number> {
  const [, result] = await Promise.all([
    image.enqueueAsync(imagesOf(scans, first, count)),
    logits.enqueueAsync(new Float32Array(count * classes)),
  ]);
  return countCorrect(result, scans.labels.subarray(first, first + count));
}

const sizes = [1, 7, 40, 3, 100];
const requests: Promise<number>[] = [];
for (let first = 0; first < scans.count; ) {
  const count = Math.min(sizes[requests.length % sizes.length]!, scans.count - first);
  requests.push(classify(first, count));
  first += count;
}
const correct = (await Promise.all(requests)).reduce((sum, one) => sum + one, 0);
console.log(`${requests.length} requests, batches of ${batchSize}: ${correct} of ${scans.count} digits read correctly`);

queues.disconnectAll();
session.stop();
await running;

// The second operator: runs the model. Images are read and logits written where they stand, in shared memory.
import { Driver } from "millrace/pipeline";
import { ModelRunner } from "millrace/runner";

const rounds = 20; // how often each image is asked for, so that there are enough requests for a p99
const inFlight = 8;

await new Driver({
  async execute(_driver, { fastioInputs, fastioOutputs }) {
    await using model = await ModelRunner.load(new URL("digits.onnx", import.meta.url), {
      expect: { inputs: { image: "float32" }, outputs: { logits: "float32" } },
    });
    const images = fastioInputs.get("images", { dtype: "float32" });
    const count = images.shape[0] ?? 0;
    const logits = fastioOutputs.get("logits", { dtype: "float32" });
    logits.updateShape([0], [count]);
    const latencies = fastioOutputs.get("latencies", { dtype: "float64" });
    latencies.updateShape([0], [count * rounds]);
    console.log(`process ${process.pid} classifies ${count} images, then ${count * rounds} requests of one image`);

    // All images as one batch.
    const batch = () => model.executeAsync({ image: images }, { outputs: { logits: logits.map() } });
    await batch();
    let started = performance.now();
    for (let round = 0; round < rounds; round++) await batch();
    const batchSeconds = (performance.now() - started) / 1000;
    fastioOutputs.get("batch_rate").setValues(Float64Array.of((count * rounds) / batchSeconds));

    // One image a request, some of them in flight at a time.
    const pixels = images.getArray();
    const imageSize = pixels.length / count;
    const ms = latencies.map();
    const client = async (first: number): Promise<void> => {
      for (let i = first; i < ms.length; i += inFlight) {
        const at = (i % count) * imageSize;
        const sent = performance.now();
        await model.executeAsync({ image: pixels.subarray(at, at + imageSize) });
        ms[i] = performance.now() - sent;
      }
    };
    started = performance.now();
    await Promise.all(Array.from({ length: inFlight }, (_, first) => client(first)));
    const singleSeconds = (performance.now() - started) / 1000;
    fastioOutputs.get("single_rate").setValues(Float64Array.of(ms.length / singleSeconds));
    return true;
  },
})
  .start()
  .waitForCompletion();

// The third operator: compares the logits with the labels and prints what came out.
import type { FastIOEntry } from "millrace/fastio";
import { Driver } from "millrace/pipeline";
import { confusionTable } from "./confusion.ts";
import { draw } from "./draw.ts";

const leastAccuracy = 97;

await new Driver({
  execute(_driver, { fastioInputs }) {
    const images = fastioInputs.get("images", { dtype: "float32" });
    const labels = fastioInputs.get("labels", { dtype: "uint8" }).getArray();
    const logits = fastioInputs.get("logits", { dtype: "float32" });
    const latencies = fastioInputs.get("latencies", { dtype: "float64" }).getArray().toSorted();
    const [singleRate = 0] = fastioInputs.get("single_rate", { dtype: "float64" }).getArray();
    const [batchRate = 0] = fastioInputs.get("batch_rate", { dtype: "float64" }).getArray();

    const predictions = rowsOf(logits).map((row) => row.indexOf(Math.max(...row)));
    const right = predictions.flatMap((prediction, i) => (prediction === labels[i] ? [i] : []));
    const wrong = predictions.flatMap((prediction, i) => (prediction === labels[i] ? [] : [i]));
    const accuracy = (100 * right.length) / labels.length;
    const pixels = rowsOf(images);
    const sample = [...right.slice(0, 3), ...wrong.slice(0, 1)].map((i) => ({
      pixels: pixels[i]!,
      caption: predictions[i] === labels[i] ? `${labels[i]}: right` : `${labels[i]}: read as ${predictions[i]}`,
    }));
    const percentile = (p: number): string => `${latencies[Math.ceil(p * latencies.length) - 1]?.toFixed(3)} ms`;
    const rate = (value: number): string => `${Math.round(value).toLocaleString("en")} images/s`;

    console.log(`process ${process.pid} compares ${labels.length} answers with their labels\n`);
    console.log(`${draw(sample)}\n`);
    console.log(`${confusionTable(labels, predictions)}\n`);
    console.log(`accuracy: ${accuracy.toFixed(1)} %, ${right.length} of ${labels.length}`);
    console.log(`one batch: ${rate(batchRate)}`);
    console.log(`one image a request: ${rate(singleRate)}, p50 ${percentile(0.5)}, p99 ${percentile(0.99)}`);
    if (accuracy < leastAccuracy) throw new Error(`the accuracy is below ${leastAccuracy} %`);
    return true;
  },
})
  .start()
  .waitForCompletion();

/** One view for each index of the first axis. */
function rowsOf(tensor: FastIOEntry<"float32">): Float32Array[] {
  const array = tensor.getArray();
  const count = tensor.shape[0] ?? 0;
  const size = array.length / count;
  return Array.from({ length: count }, (_, row) => array.subarray(row * size, (row + 1) * size));
}

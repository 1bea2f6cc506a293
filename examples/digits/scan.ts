// The first operator: reads the scans and writes them, scaled, straight into shared memory.
import { Driver } from "millrace/pipeline";
import { readDigits } from "./digits-file.ts";

await new Driver({
  async execute(_driver, { inputEntries, fastioOutputs }) {
    const { count, largest, pixels, labels } = await readDigits(inputEntries.get("scans").path);

    const images = fastioOutputs.get("images", { dtype: "float32" });
    images.updateShape([0], [count]); // declared [-1, 1, 8, 8]: this allocates
    const ink = images.map();
    for (const [i, pixel] of pixels.entries()) ink[i] = pixel / largest;

    const truth = fastioOutputs.get("labels", { dtype: "uint8" });
    truth.updateShape([0], [count]);
    truth.setValues(labels);

    console.log(`process ${process.pid} read ${count} images`);
    return true;
  },
})
  .start()
  .waitForCompletion();

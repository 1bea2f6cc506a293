// Writes the sum of each of its inputs.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioInputs }) {
    for (const input of fastioInputs) {
      const values = input.getArray() as Float32Array;
      console.log(`${input.name}: ${values.reduce((sum, value) => sum + value, 0)}`);
    }
    return true;
  },
})
  .start()
  .waitForCompletion();

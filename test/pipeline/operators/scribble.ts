// Writes into its input, which changes nothing for anybody else, and then tries what is forbidden.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioInputs }) {
    const x = fastioInputs.get("x", { dtype: "float32" });
    x.getArray().fill(-1);
    for (const forbidden of [() => x.map(), () => x.setValues(new Float32Array(4)), () => x.updateShape([0], [2])]) {
      try {
        forbidden();
        console.log("allowed");
      } catch (error) {
        console.log((error as { code?: string }).code);
      }
    }
    return true;
  },
})
  .start()
  .waitForCompletion();

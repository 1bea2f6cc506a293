// Fills its float32 output `x`, of fixed shape, with 0, 1, 2, …
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioOutputs }) {
    const x = fastioOutputs.get("x", { dtype: "float32" });
    x.setValues(Float32Array.from(x.map(), (_, index) => index));
    return true;
  },
})
  .start()
  .waitForCompletion();

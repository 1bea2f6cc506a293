// Checks `segmentation` against `segmentation_shape`, and says what it found.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioInputs }) {
    const segmentation = fastioInputs.get("segmentation", { dtype: "float32" });
    const shape = Array.from(fastioInputs.get("segmentation_shape", { dtype: "int32" }).getArray());
    const values = segmentation.getArray();
    console.log(
      JSON.stringify({ declared: shape, shape: segmentation.shape, last: values.at(-1), count: values.length }),
    );
    return values.every((value, index) => value === index / 2);
  },
})
  .start()
  .waitForCompletion();

// Publishes `segmentation` and, beside it, the shape it has.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioOutputs }) {
    const segmentation = fastioOutputs.get("segmentation", { dtype: "float32" });
    segmentation.updateShape([...segmentation.dynamicShapeIndices], [3, 5, 7]);
    segmentation.map().forEach((_, index, values) => {
      values[index] = index / 2;
    });
    fastioOutputs.get("segmentation_shape", { dtype: "int32" }).setValues(Int32Array.from(segmentation.shape));
    return true;
  },
})
  .start()
  .waitForCompletion();

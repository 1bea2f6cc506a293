// Allocates more than it declares, and is killed before it has published all of it.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioContext, fastioOutputs }) {
    fastioContext
      .create({ dtype: "float32", shape: [1024] })
      .map()
      .fill(1);
    fastioContext.publishArray(new Float32Array(1024), "loose");
    fastioOutputs.get("x").updateShape([0], [1024]);
    process.kill(process.pid, "SIGKILL");
    return new Promise<boolean>(() => {});
  },
})
  .start()
  .waitForCompletion();

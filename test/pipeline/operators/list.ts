// Writes the names that the job's context shows.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute(_driver, { fastioContext }) {
    console.log(fastioContext.list().join(" "));
    return true;
  },
})
  .start()
  .waitForCompletion();

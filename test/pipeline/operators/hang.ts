// Says that it runs, and never ends.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  execute: () => {
    console.log(`pid ${process.pid}`);
    setInterval(() => {}, 1_000);
    return new Promise<boolean>(() => {});
  },
})
  .start()
  .waitForCompletion();

// Ends well and allocates none of its outputs.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({ execute: () => true }).start().waitForCompletion();

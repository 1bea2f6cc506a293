// Runs the definition file in its second argument with shared memory in the first, in a process of its own.
import { Pipeline } from "../../src/pipeline/index.ts";

const [dir, file] = process.argv.slice(2);
await new Pipeline(file!, { dir }).run();
console.log("ended by itself");

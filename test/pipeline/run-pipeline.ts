// Runs the definition file in its second argument with shared memory in the first, in a process of its own; with a third
// argument the process ends itself with that code as soon as an operator writes something.
import { Pipeline } from "../../src/pipeline/index.ts";

const [dir, file, exitCode] = process.argv.slice(2);
const stdout = {
  write(text: string): void {
    console.log(text);
    if (exitCode !== undefined) process.exit(Number(exitCode));
  },
};
await new Pipeline(file!, { dir, stdout }).run();

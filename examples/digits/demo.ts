// Handwritten digits through three processes, by shared memory alone: `bun run demo [file of scans]`.
import { join } from "node:path";
import { Pipeline } from "millrace/pipeline";

const scans = process.argv[2] ?? join(import.meta.dir, "heldout.bin");
const pipeline = new Pipeline(join(import.meta.dir, "pipeline.yaml"));
const { operators, stats } = await pipeline.run({ payload: scans });

const bytes = (count: number): string => `${count.toLocaleString("en")} bytes`;
console.log(`
shared memory, counted by the native library
  published   ${bytes(stats.bytesPublished)}
  copied in   ${bytes(stats.bytesCopiedIn)}
  copied out  ${bytes(stats.bytesCopiedOut)}`);

// What went wrong stands in the log already.
process.exitCode = operators.every(({ error }) => error === undefined) ? 0 : 1;

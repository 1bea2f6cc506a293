// Writes the model as a PopEF file: `bun examples/digits/compile.ts digits.popef [replicas]`.
import { join } from "node:path";
import { compileOnnx } from "millrace/popef";

const [path = "digits.popef", replicas = "1"] = process.argv.slice(2);
const replicationFactor = Number(replicas);
using compiled = await compileOnnx(join(import.meta.dir, "digits.onnx"), {
  batchSize: 9,
  deviceIterations: 5,
  replicationFactor,
});
await compiled.write(path);

const { metadata, executable } = compiled;
console.log(`${path}: executable ${executable.name}, ${executable.data.byteLength} bytes`);
for (const { name, type, tensorInfo, programs } of metadata.anchors)
  console.log(`  program ${programs}: ${type} ${name}, ${tensorInfo}`);

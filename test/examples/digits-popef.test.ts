import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDigits } from "../../examples/digits/digits-file.ts";
import { compileOnnx } from "../../src/popef/index.ts";
import { ModelRunner, type ModelRunnerConfig } from "../../src/runner/index.ts";
import { simulate } from "../../src/testing/index.ts";

const folder = join(import.meta.dir, "../../examples/digits");
const dir = mkdtempSync(join(tmpdir(), "millrace-digits-"));
const path = join(dir, "digits.popef");
const pixels = 64;

beforeAll(async () => {
  using compiled = await compileOnnx(join(folder, "digits.onnx"), { batchSize: 16 });
  await compiled.write(path);
});
afterAll(() => rmSync(dir, { recursive: true }));

/** How many of the held-out digits the model reads as they are labelled, each a request of its own. */
async function right(source: string, config: ModelRunnerConfig): Promise<string> {
  const digits = await readDigits(join(folder, "heldout.bin"));
  await using runner = await ModelRunner.load(source, { batchingDim: 0, timeoutNs: 1e7, ...config });
  const answers = Array.from({ length: digits.count }, async (_, index) => {
    const scan = digits.pixels.subarray(index * pixels, (index + 1) * pixels);
    const image = Float32Array.from(scan, (pixel) => pixel / digits.largest);
    const { logits } = await runner.executeAsync({ image });
    const scores = [...(logits!.data as Float32Array)];
    return scores.indexOf(Math.max(...scores)) === digits.labels[index];
  });
  const correct = (await Promise.all(answers)).filter(Boolean).length;
  return `${((100 * correct) / digits.count).toFixed(1)} %, ${correct} of ${digits.count}`;
}

describe("the digits model, compiled to a PopEF file,", () => {
  test("reads the held-out digits on the processor as the ONNX model does", async () => {
    expect([await right(join(folder, "digits.onnx"), {}), await right(path, {})]).toEqual(
      Array(2).fill("99.6 %, 448 of 450"),
    );
  });

  test.each([1, 2])("reads them so on %d simulated IPUs, a replica on each", async (replicationFactor) => {
    using sim = simulate({ ipus: 2 });
    expect(await right(path, { replicationFactor })).toBe("99.6 %, 448 of 450");
    expect(sim.leaks()).toEqual([]);
  });
});

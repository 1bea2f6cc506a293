/** Models that are compiled for the tests of this folder. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CompileOptions, compileOnnx } from "../../../src/popef/index.ts";
import { writeModel } from "../../fixtures/onnx.ts";
import { models } from "../models.ts";

export const folder = mkdtempSync(join(tmpdir(), "millrace-deployment-"));

/** w[i][j] = 8i + j: large enough to be brought by the load program. */
export const weight: Float32Array<ArrayBuffer> = Float32Array.from({ length: 32 }, (_, index) => index);

/** y = x w, x of [batch, 4], y of [batch, 8]. */
export const weighted = writeModel(join(folder, "weighted.onnx"), {
  inputs: [{ name: "x", shape: ["batch", 4] }],
  outputs: [{ name: "y", shape: ["batch", 8] }],
  nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
  weights: [{ name: "w", shape: [4, 8], data: weight }],
});

/** What it answers. */
export function product(x: Float32Array, w: Float32Array = weight): Float32Array<ArrayBuffer> {
  const rows = x.length / 4;
  return Float32Array.from({ length: rows * 8 }, (_, at) => {
    const row = Math.floor(at / 8) * 4;
    return [0, 1, 2, 3].reduce((sum, i) => sum + x[row + i]! * w[i * 8 + (at % 8)]!, 0);
  });
}

/** Rows that are all different. */
export function rows(count: number, first = 0): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count * 4 }, (_, index) => first * 4 + index);
}

/** Compiled for batches of four rows unless told otherwise. Close it. */
export function compile(options: CompileOptions = {}) {
  return compileOnnx(weighted, { batchSize: 4, ...options });
}

let files = 0;

export async function popefFile(options: CompileOptions = {}, onnx: string = weighted): Promise<string> {
  using compiled = await compileOnnx(onnx, { batchSize: 4, ...options });
  const path = join(folder, `model-${files++}.popef`);
  await compiled.write(path);
  return path;
}

/** sum = a + b, difference = a - b, of two rows. */
export const pairFile = () => popefFile({ batchSize: 2 }, models.pair);

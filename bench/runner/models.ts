/** The models of the runner's rows: made on first use, in a folder of the machine's temporary files. */
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph, type Node, type Weight, writeModel } from "../../test/fixtures/onnx.ts";

const folder = join(tmpdir(), "millrace-bench-models");

/** A multi-layer perceptron: `sizes` are the widths of input, hidden layers and output. */
function perceptron(sizes: readonly number[], batch: number | string): Graph {
  const nodes: Node[] = [];
  const weights: Weight[] = [];
  for (let layer = 1; layer < sizes.length; layer++) {
    const [from, to] = [sizes[layer - 1]!, sizes[layer]!];
    const last = layer === sizes.length - 1;
    weights.push(
      { name: `w${layer}`, shape: [from, to], data: noise(from * to, layer, 1 / Math.sqrt(from)) },
      { name: `b${layer}`, shape: [to], data: noise(to, layer + 100, 0.1) },
    );
    const sum = last ? "y" : `s${layer}`;
    nodes.push({
      operator: "Gemm",
      inputs: [layer === 1 ? "x" : `r${layer - 1}`, `w${layer}`, `b${layer}`],
      outputs: [sum],
    });
    if (!last) nodes.push({ operator: "Relu", inputs: [sum], outputs: [`r${layer}`] });
  }
  return {
    inputs: [{ name: "x", shape: [batch, sizes[0]!] }],
    outputs: [{ name: "y", shape: [batch, sizes.at(-1)!] }],
    nodes,
    weights,
  };
}

/** Seeded: the same on every machine. */
function noise(count: number, seed: number, scale: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

const graphs = {
  /** 64-128-10, any number of rows: 6 to 8 us a run. */
  mlp: () => perceptron([64, 128, 10], "batch"),
  /** Six layers 1024x1024: 1 to 2 ms a row. */
  wide: () =>
    perceptron(
      Array.from({ length: 7 }, () => 1024),
      "batch",
    ),
  /** Twenty layers 2048x2048 for 8 rows. */
  long: () =>
    perceptron(
      Array.from({ length: 21 }, () => 2048),
      8,
    ),
  /** Copies 64 numbers. */
  copy: (): Graph => ({
    inputs: [{ name: "x", shape: ["batch", 64] }],
    outputs: [{ name: "y", shape: ["batch", 64] }],
    nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
  }),
  /** Takes any number of numbers, looks at four of them. */
  large: (): Graph => ({
    inputs: [{ name: "x", shape: [1, "count"] }],
    outputs: [{ name: "y", shape: [1, 4] }],
    nodes: [{ operator: "Slice", inputs: ["x", "from", "to", "axes"], outputs: ["y"] }],
    weights: [
      { name: "from", shape: [1], data: BigInt64Array.of(0n) },
      { name: "to", shape: [1], data: BigInt64Array.of(4n) },
      { name: "axes", shape: [1], data: BigInt64Array.of(1n) },
    ],
  }),
};

/** The path of a model's file. */
export function modelPath(name: keyof typeof graphs): string {
  const path = join(folder, `${name}.onnx`);
  mkdirSync(folder, { recursive: true });
  return existsSync(path) ? path : writeModel(path, graphs[name]());
}

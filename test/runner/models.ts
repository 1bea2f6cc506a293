/** Models for tests about batches: made when the file is loaded, in the machine's temporary files. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph, type Node, type Weight, writeModel } from "../fixtures/onnx.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-runner-"));
const three: Weight = { name: "three", shape: [1], data: Float32Array.of(3) };

/** y = 3x. */
function triple(shape: readonly (number | string)[]): Graph {
  return {
    inputs: [{ name: "x", shape }],
    outputs: [{ name: "y", shape }],
    nodes: [{ operator: "Mul", inputs: ["x", "three"], outputs: ["y"] }],
    weights: [three],
  };
}

/** y = 3x, after much work that comes to nothing: milliseconds for some hundred rows. */
function heavy(): Graph {
  const width = 512;
  const weights: Weight[] = [three, { name: "in", shape: [4, width], data: new Float32Array(4 * width) }];
  const nodes: Node[] = [
    { operator: "Mul", inputs: ["x", "three"], outputs: ["tripled"] },
    { operator: "MatMul", inputs: ["x", "in"], outputs: ["h0"] },
  ];
  for (let layer = 0; layer < 3; layer++) {
    weights.push({ name: `w${layer}`, shape: [width, width], data: new Float32Array(width * width) });
    nodes.push({ operator: "MatMul", inputs: [`h${layer}`, `w${layer}`], outputs: [`h${layer + 1}`] });
  }
  weights.push({ name: "out", shape: [width, 4], data: new Float32Array(width * 4) });
  nodes.push({ operator: "MatMul", inputs: ["h3", "out"], outputs: ["nothing"] });
  nodes.push({ operator: "Add", inputs: ["tripled", "nothing"], outputs: ["y"] });
  return {
    inputs: [{ name: "x", shape: ["batch", 4] }],
    outputs: [{ name: "y", shape: ["batch", 4] }],
    nodes,
    weights,
  };
}

/** y[i] = table[index[i]], of a table with four rows: other indices fail the run. */
const lookup: Graph = {
  inputs: [{ name: "index", shape: ["batch"], dtype: "int64" }],
  outputs: [{ name: "y", shape: ["batch", 2] }],
  nodes: [{ operator: "Gather", inputs: ["table", "index"], outputs: ["y"], attributes: { axis: 0 } }],
  weights: [{ name: "table", shape: [4, 2], data: Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31) }],
};

/** y = x + other, where `other` has no rows. */
const shared: Graph = {
  inputs: [
    { name: "x", shape: ["batch", 4] },
    { name: "other", shape: [] },
  ],
  outputs: [{ name: "y", shape: ["batch", 4] }],
  nodes: [{ operator: "Add", inputs: ["x", "other"], outputs: ["y"] }],
};

/** sum = a + b, difference = a - b. */
const pair: Graph = {
  inputs: [
    { name: "a", shape: ["batch", 2] },
    { name: "b", shape: ["batch", 2] },
  ],
  outputs: [
    { name: "sum", shape: ["batch", 2] },
    { name: "difference", shape: ["batch", 2] },
  ],
  nodes: [
    { operator: "Add", inputs: ["a", "b"], outputs: ["sum"] },
    { operator: "Sub", inputs: ["a", "b"], outputs: ["difference"] },
  ],
};

/** y has twice the rows of x, and the model says as many. */
const doubled: Graph = {
  inputs: [{ name: "x", shape: ["batch", 4] }],
  outputs: [{ name: "y", shape: ["batch", 4] }],
  nodes: [{ operator: "Concat", inputs: ["x", "x"], outputs: ["y"], attributes: { axis: 0 } }],
};

const make = (name: string, graph: Graph) => writeModel(join(folder, `${name}.onnx`), graph);

export const models = {
  /** [batch, 4] */
  rows: make("rows", triple(["batch", 4])),
  /** [3, batch] */
  columns: make("columns", triple([3, "batch"])),
  /** [4, 2]: compiled for four rows. */
  compiled: make("compiled", triple([4, 2])),
  /** [batch, 10000]: rows beyond what is copied. */
  long: make("long", triple(["batch", 10_000])),
  heavy: make("heavy", heavy()),
  lookup: make("lookup", lookup),
  shared: make("shared", shared),
  pair: make("pair", pair),
  /** [batch, 4] to [2 batch, 4] */
  doubled: make("doubled", doubled),
};

/** Rows of `heavy` that keep a replica busy for some tens of milliseconds. */
export const busyRows = 2000;

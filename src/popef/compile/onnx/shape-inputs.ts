import { nodesOf } from "./graphs.ts";
import type { GraphProto } from "./proto.ts";

const afterFirst = [1, 2, 3, 4, 5];

/**
 * Inputs whose values, not only their types, say what shape an output has. An engine that infers shapes before it is
 * given external weights must find them in the model.
 */
const shapeInputs: { readonly [operator: string]: readonly number[] } = {
  AffineGrid: [1],
  CenterCropPad: [1],
  Col2Im: [1, 2],
  ConstantOfShape: [0],
  DFT: [1, 2],
  Expand: [1],
  MaxUnpool: [2],
  OneHot: [1],
  Pad: afterFirst,
  Range: [0, 1, 2],
  ReduceL1: [1],
  ReduceL2: [1],
  ReduceLogSum: [1],
  ReduceLogSumExp: [1],
  ReduceMax: [1],
  ReduceMean: [1],
  ReduceMin: [1],
  ReduceProd: [1],
  ReduceSum: [1],
  ReduceSumSquare: [1],
  Reshape: [1],
  Resize: afterFirst,
  Slice: afterFirst,
  Split: [1],
  SplitToSequence: [1],
  Squeeze: [1],
  STFT: [1, 3],
  Tile: [1, 2],
  TopK: [1],
  Unsqueeze: [1],
  Upsample: [1],
};

/** Names of values that nodes of the graph, or of graphs inside it, take as shapes. */
export function shapeValuesOf(graph: GraphProto): Set<string> {
  const names = new Set<string>();
  for (const { opType, input } of nodesOf(graph)) {
    for (const index of Object.hasOwn(shapeInputs, opType) ? shapeInputs[opType]! : []) {
      if (input[index]) names.add(input[index]);
    }
  }
  return names;
}

import type { Plan, Step } from "../../src/popef/executable/index.ts";

const int32 = 6;

export interface CopyPlan {
  /** Of the main program. Default 1. */
  readonly iterations?: number | undefined;
  /** Elements of the input that may be buffered ahead; default 2. */
  readonly depth?: number | undefined;
  /** Numbers of one element; default 1. */
  readonly numbers?: number | undefined;
}

/**
 * A program that copies: each iteration takes an element of stream "in" after one host sync, and gives it to stream "out"
 * after another. Program 1 moves block 0 of remote buffer "far" to the tensor and out.
 */
export function copyPlan({ iterations = 1, depth = 2, numbers = 1 }: CopyPlan = {}): Plan {
  const body: Step[] = [["sync"], ["toTensor", 0], ["sync"], ["toStream", 1]];
  return {
    replicas: 1,
    tensors: [{ name: "value", type: int32, shape: [numbers] }],
    streams: [
      { handle: "in", tensor: 0, toDevice: true, depth, prefetch: true },
      { handle: "out", tensor: 0, toDevice: false, depth: 1, prefetch: false },
    ],
    remoteBuffers: [{ handle: "far", size: numbers * 4, repeats: 2 }],
    graph: { inputs: [], outputs: [], weights: [] },
    programs: [
      { name: "main", steps: [["repeat", iterations, body]] },
      { name: "far", steps: [["sync"], ["remoteToTensor", 0, 0], ["toStream", 1]] },
    ],
  };
}

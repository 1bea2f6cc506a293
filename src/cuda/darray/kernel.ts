import { check } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import { block, native } from "../../native/library.ts";
import { elementTypes, Shape } from "../../tensor/index.ts";
import { byteOffsetOf, type Part } from "./part.ts";

/** By their place in the table of `zig/kernels/kernels.zig`; what each takes is said at `prepare` there. */
const kernels = { copy: 0, fill: 2, arithmetic: 3, sample: 4 } as const;
export type KernelName = keyof typeof kernels;

/** What `arithmetic` does, by the numbers of `zig/kernels/elementwise.zig`. */
export const operations = { add: 0, sub: 1, mul: 2, div: 3, rsub: 4, rdiv: 5, abs: 6, scale: 7 } as const;

const axesMax = 8;

/**
 * Runs a kernel: on the calling thread in host memory, or queued on the stream of what is written, the first operand. The
 * native side checks that no operand reaches beyond its memory, and keeps the memory of queued work.
 *
 * @throws StateError `closed`; ArgumentError `invalid_shape` for more than 8 axes
 */
export function runKernel(name: KernelName, operands: readonly Part[], scalars: readonly number[], op: string): void {
  const { values, results } = block;
  let at = 0;
  for (const operand of operands) {
    const { shape, strides } = operand.view;
    if (shape.length > axesMax) {
      throw makeError("invalid_shape", {
        op,
        message: `shape ${Shape.format(shape)} has ${shape.length} axes, kernels take ${axesMax}.`,
      });
    }
    const { slot, generation, byteOffset } = operand.storage.native(op);
    values[at++] = slot;
    values[at++] = generation;
    values[at++] = byteOffset + byteOffsetOf(operand);
    values[at++] = elementTypes[operand.dtype].code;
    values[at++] = shape.length;
    for (const size of shape) values[at++] = size;
    for (const step of strides) values[at++] = step;
  }
  for (const scalar of scalars) values[at++] = scalar;
  const { slot = 0, generation = 0 } = operands[0]!.stream?.native ?? {};
  // On the host a call ends after a tenth of a second, so that a Worker can be terminated, and says where to go on.
  let begin = 0;
  while (check(native.mr_kernel_run(slot, generation, kernels[name], operands.length, scalars.length, begin), op) === 1)
    begin = results[0]!;
}

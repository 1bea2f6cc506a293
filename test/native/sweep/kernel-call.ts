import { block } from "../../../src/native/library.ts";
import type { Handle, Kind } from "./objects.ts";
import type { Random } from "./random.ts";

const sample = 4;

/** Leaves a kernel's operands and numbers in the block, more or less sensible; returns the call's arguments. */
export function kernelCall(open: Readonly<Record<Kind, readonly Handle[]>>, random: Random): number[] {
  const stream = random.chance(2) ? random.pick(open.cuda_stream) : undefined;
  const memories = stream === undefined ? [...open.memory, ...open.allocation] : open.cuda_memory;
  const kernel = random.below(6);
  const operand = (...shape: number[]): number[] => {
    const memory = random.pick(memories);
    const dense = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const strides = random.chance(3) ? shape.map(() => random.pick([-3, 0, 1, 2, 12])) : dense;
    const dtype = shape.length < 3 && kernel === sample ? 6 : random.chance(5) ? random.pick([2, 6, 10, 20, 99]) : 2;
    const place = [memory?.slot ?? 0, memory?.generation ?? 0, random.pick([0, 0, 64, 100, 4000])];
    return [...place, dtype, shape.length, ...shape, ...strides];
  };
  const size = random.pick([0, 1, 3, 3, 3, 2 ** 40]);
  const operands =
    kernel === sample
      ? [operand(1, 2, 3, 1), operand(1, 2, size, 1), operand(1, 4), operand(1)].slice(0, 2 + random.below(3))
      : [operand(2, size), operand(2, size), operand(2, size)].slice(0, [2, 2, 1, 2 + random.below(2)][kernel]);
  const scalars = Array.from({ length: kernel === sample ? 18 : [0, 0, 1, 2][kernel]! }, () => random.below(2));
  block.values.set([...operands.flat(), ...scalars]);
  return [stream?.slot ?? 0, stream?.generation ?? 0, kernel, operands.length, scalars.length, 0];
}

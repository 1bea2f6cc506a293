import { check, checkInteger, readText, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { type RingOptions, ringDefaults } from "./ring-options.ts";

/** Bytes before the slots; see `zig/ring/layout.zig`. */
const headerBytes = 512;
const numBuffersMax = 2 ** 30;
const labelBytesMax = 96;

/** What a native call that gives a ring has just left in the block. */
export class RingHandle {
  readonly slot: number;
  readonly generation: number;
  readonly numBuffers: number;
  readonly bufferSize: number;
  readonly label: string;

  constructor(slot: number) {
    const { results } = block;
    this.slot = slot;
    this.generation = results[0]!;
    this.numBuffers = results[1]!;
    this.bufferSize = results[2]!;
    this.label = readText(0, results[4]!);
  }

  /** In memory of this process. */
  static create(options: RingOptions, op: string): RingHandle {
    const { numBuffers, bufferSize, labelLength } = shapeOf(options, op);
    return new RingHandle(check(native.mr_ring_create(numBuffers, bufferSize, labelLength), op));
  }

  /** In an allocation of `ringBytes`. */
  static format(allocation: { slot: number; generation: number }, options: RingOptions, op: string): RingHandle {
    const { numBuffers, bufferSize, labelLength } = shapeOf(options, op);
    const { slot, generation } = allocation;
    return new RingHandle(check(native.mr_ring_format(slot, generation, numBuffers, bufferSize, labelLength), op));
  }
}

/** How much memory a ring takes. */
export function ringBytes(options: RingOptions, op: string): number {
  const { numBuffers, bufferSize } = shapeOf(options, op);
  return headerBytes + 2 ** Math.ceil(Math.log2(numBuffers)) * bufferSize;
}

/** Leaves the label in the block. */
function shapeOf(options: RingOptions, op: string): { numBuffers: number; bufferSize: number; labelLength: number } {
  const numBuffers = checkInteger(options.numBuffers, "numBuffers", op, 1, numBuffersMax);
  const bufferSize = checkInteger(options.bufferSize, "bufferSize", op, 1);
  const label = options.label ?? ringDefaults.label;
  if (typeof label !== "string") {
    throw makeError("invalid_argument", { op, message: `the label is ${String(label)}, not a string.` });
  }
  const labelLength = writeText(label, 0, labelBytesMax, () =>
    makeError("invalid_argument", { op, message: `the label "${label}" has more than ${labelBytesMax} bytes.` }),
  );
  return { numBuffers, bufferSize, labelLength };
}

// Arrays in native memory, in any layout, for calls of kernels without anything between.
import { NativeBuffer } from "../../../src/native/buffer.ts";
import { check } from "../../../src/native/check.ts";
import { block, native } from "../../../src/native/library.ts";
import { type DType, elementTypes, type TypedArray } from "../../../src/tensor/index.ts";

export const Kernel = { copy: 0, cast: 1, fill: 2, arithmetic: 3, sample: 4 } as const;

export interface Placement {
  /** Axes from the outermost in memory to the innermost; by default row-major. */
  readonly order?: readonly number[];
  /** Elements between neighbours of the innermost axis. */
  readonly gap?: number;
  /** Axes that run backwards. */
  readonly reversed?: readonly number[];
}

/** Elements of some type and shape somewhere in native memory, which is its own. */
export class NativeArray implements Disposable {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: number[];
  readonly memory: NativeBuffer;
  byteOffset = 0;

  /** `fill`: what the memory holds at first, between the elements too. */
  constructor(dtype: DType, shape: readonly number[], placement: Placement = {}, fill = 0xa5) {
    this.dtype = dtype;
    this.shape = shape;
    this.strides = shape.map(() => 0);
    let step = placement.gap ?? 1;
    for (const axis of [...(placement.order ?? shape.keys())].reverse()) {
      this.strides[axis] = step;
      step *= shape[axis]!;
    }
    const { size } = elementTypes[dtype];
    for (const axis of placement.reversed ?? []) {
      this.byteOffset += Math.max(0, shape[axis]! - 1) * this.strides[axis]! * size;
      this.strides[axis] = -this.strides[axis]!;
    }
    this.memory = NativeBuffer.create(Math.max(step, 1) * size);
    this.bytes.fill(fill);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  /** Byte of each element in row-major order. */
  places(): number[] {
    const { size } = elementTypes[this.dtype];
    let places = [this.byteOffset];
    for (const [axis, count] of this.shape.entries()) {
      const step = this.strides[axis]! * size;
      places = places.flatMap((place) => Array.from({ length: count }, (_, i) => place + i * step));
    }
    return places;
  }

  /** From dense, row-major elements. */
  write(dense: TypedArray): this {
    const from = new Uint8Array(dense.buffer, dense.byteOffset, dense.byteLength);
    const { size } = elementTypes[this.dtype];
    const bytes = this.bytes;
    for (const [i, place] of this.places().entries()) bytes.set(from.subarray(i * size, (i + 1) * size), place);
    return this;
  }

  /** Dense, row-major elements. */
  read(): TypedArray {
    const { size, arrayType } = elementTypes[this.dtype];
    const places = this.places();
    const out = new arrayType(places.length);
    const to = new Uint8Array(out.buffer);
    const bytes = this.bytes;
    for (const [i, place] of places.entries()) to.set(bytes.subarray(place, place + size), i * size);
    return out;
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

/** Puts operands and numbers where the call looks for them. */
export function describe(operands: readonly NativeArray[], scalars: readonly number[]): void {
  const values = operands.flatMap(({ memory, byteOffset, dtype, shape, strides }) => {
    const { slot, generation } = memory;
    return [slot, generation, byteOffset, elementTypes[dtype].code, shape.length, ...shape, ...strides];
  });
  block.values.set([...values, ...scalars]);
}

/** On this thread, to the end. */
export function run(kernel: number, operands: readonly NativeArray[], scalars: readonly number[] = []): void {
  describe(operands, scalars);
  let begin = 0;
  while (check(native.mr_kernel_run(0, 0, kernel, operands.length, scalars.length, begin), "run") === 1)
    begin = block.results[0]!;
}

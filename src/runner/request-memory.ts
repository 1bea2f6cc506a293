import { NativeBuffer } from "../native/buffer.ts";
import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { type NativeRef, Shape, type TensorSource, type TypedArrayOf } from "../tensor/index.ts";
import { type DataDesc, type Direction, directionCode, type Handle } from "./data-desc.ts";
import { arrayOver } from "./result.ts";
import type { Counters } from "./stats.ts";

/**
 * Outputs up to this size are copied out of the request's own memory; larger ones are handed over. Break-even: at 8 KiB
 * a copy is 1 us faster, at 32 KiB 2 us slower (mean of a whole `execute`, garbage collection included).
 */
const copiedBytesMax = 16 * 1024;
/** Staging memory that a request keeps for the next run: fresh memory costs five times the copy. */
const keptBytes = { few: 16 * 1024 * 1024, many: 256 * 1024 };
const fewRequests = 8;
const alignment = 64;

interface Staged {
  readonly offset: number;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** A native request and the memory that stays bound to it from run to run. */
export class RequestMemory {
  readonly number: number;
  readonly #model: Handle;
  readonly #op: string;
  readonly #staged: (Staged | undefined)[] = [];
  #staging: NativeBuffer | undefined;
  readonly #fixed: NativeBuffer[] = [];
  /** By output index: where a result of known size and moderate length is found after the run. */
  readonly outputs: readonly (TypedArrayOf | undefined)[];
  /** Where the native side copies small results of other outputs. */
  readonly results: ArrayBuffer | undefined;

  constructor(model: Handle, outputs: readonly DataDesc[], op: string) {
    this.#model = model;
    this.#op = op;
    this.number = check(native.mr_request_create(model.slot, model.generation), op);
    this.outputs = this.#bindOutputs(outputs);
    if (this.outputs.includes(undefined)) this.results = this.#bindResults();
  }

  /** Copies what is on JavaScript's heap, refers to what is native. */
  stage(sources: readonly TensorSource[], counters: Pick<Counters, "bytesCopied" | "bytesReferenced">): void {
    const total = sources.reduce((sum, source) => sum + (source.native ? 0 : aligned(source.byteLength)), 0);
    const keep = total <= (this.number < fewRequests ? keptBytes.few : keptBytes.many);
    const memory = keep ? this.#keptStaging(total) : NativeBuffer.create(total, this.#op);
    try {
      let offset = 0;
      for (const [index, source] of sources.entries()) {
        const reference = source.native;
        if (reference !== undefined) {
          this.bindOnce("input", index, reference, source.shape);
          counters.bytesReferenced += source.byteLength;
        } else {
          this.#stageOne(memory, keep, index, offset, source);
          offset += aligned(source.byteLength);
          counters.bytesCopied += source.byteLength;
        }
      }
    } finally {
      // What was bound for this run alone lives until the run has ended.
      if (!keep) memory.close();
    }
  }

  bindOnce(direction: Direction, index: number, memory: NativeRef, shape: Shape): void {
    this.#bind(direction, index, memory, shape, false);
  }

  close(): void {
    this.#staging?.close();
    for (const memory of this.#fixed) memory.close();
  }

  #stageOne(memory: NativeBuffer, keep: boolean, index: number, offset: number, source: TensorSource): void {
    const bytes = source.bytes();
    if (bytes.byteLength !== source.byteLength) {
      throw makeError("closed", { op: this.#op, message: `the memory of input ${index} was closed or moved away.` });
    }
    let staged = keep ? this.#staged[index] : undefined;
    if (staged === undefined || staged.offset !== offset || !Shape.equals(staged.shape, source.shape)) {
      const { slot, generation } = memory;
      this.#bind("input", index, { slot, generation, byteOffset: offset }, source.shape, keep);
      staged = { offset, shape: source.shape, bytes: new Uint8Array(memory.buffer, offset, bytes.byteLength) };
      if (keep) this.#staged[index] = staged;
    }
    staged.bytes.set(bytes);
  }

  #keptStaging(total: number): NativeBuffer {
    if (this.#staging !== undefined && this.#staging.byteLength >= total) return this.#staging;
    this.#staging?.close();
    this.#staged.length = 0;
    this.#staging = NativeBuffer.create(2 ** Math.ceil(Math.log2(Math.max(total, alignment))), this.#op);
    return this.#staging;
  }

  #bindOutputs(descs: readonly DataDesc[]): (TypedArrayOf | undefined)[] {
    const sizes = descs.map(({ sizeInBytes }) =>
      sizeInBytes !== undefined && sizeInBytes <= copiedBytesMax ? sizeInBytes : undefined,
    );
    const memory = NativeBuffer.create(
      sizes.reduce<number>((sum, size) => sum + aligned(size ?? 0), 0),
      this.#op,
    );
    this.#fixed.push(memory);
    const { slot, generation } = memory;
    let byteOffset = 0;
    return sizes.map((size, index) => {
      if (size === undefined) return undefined;
      const { dtype, shape } = descs[index]!;
      this.#bind("output", index, { slot, generation, byteOffset }, shape, true);
      const array = arrayOver(dtype, memory.buffer, byteOffset, size);
      byteOffset += aligned(size);
      return array;
    });
  }

  #bindResults(): ArrayBuffer {
    const memory = NativeBuffer.create(copiedBytesMax, this.#op);
    this.#fixed.push(memory);
    const { slot, generation } = this.#model;
    check(native.mr_request_results(slot, generation, this.number, memory.slot, memory.generation), this.#op);
    return memory.buffer;
  }

  #bind(direction: Direction, index: number, memory: NativeRef, shape: Shape, keep: boolean): void {
    const { values } = block;
    values[0] = directionCode[direction];
    values[1] = index;
    values[2] = keep ? 1 : 0;
    values[3] = memory.byteOffset;
    values[4] = shape.length;
    for (let axis = 0; axis < shape.length; axis++) values[5 + axis] = shape[axis]!;
    const { slot, generation } = this.#model;
    check(native.mr_request_bind(slot, generation, this.number, memory.slot, memory.generation), this.#op);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

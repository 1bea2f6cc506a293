import { NativeBuffer } from "../native/buffer.ts";
import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { type NativeRef, Shape, type TensorSource } from "../tensor/index.ts";
import { type DeviceTensor, isOnDevice, referenceOf } from "./device-memory.ts";
import { type Direction, directionCode, type Handle } from "./port.ts";
import type { Counters } from "./stats.ts";

/** Staging memory that a request keeps for the next run: fresh memory costs five times the copy. */
const keptBytes = { few: 16 * 1024 * 1024, many: 256 * 1024 };
const fewRequests = 8;
const alignment = 64;

interface Staged {
  readonly offset: number;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** What is bound to a native request whose inputs are not all small plain arrays. */
export class RequestMemory {
  readonly #model: Handle;
  readonly #number: number;
  /** By input: what is bound there now. */
  readonly #staged: (Staged | undefined)[] = [];
  #staging: NativeBuffer | undefined;

  constructor(model: Handle, number: number) {
    this.#model = model;
    this.#number = number;
  }

  /** Copies what is on JavaScript's heap, refers to what is native. `names`: of the inputs, for messages. */
  stage(
    sources: readonly TensorSource[],
    names: (index: number) => string,
    counters: Pick<Counters, "bytesCopied" | "bytesReferenced">,
    op: string,
  ): void {
    const total = sources.reduce(
      (sum, source) => sum + (source.native || isOnDevice(source) ? 0 : aligned(source.byteLength)),
      0,
    );
    const keep = total <= (this.#number < fewRequests ? keptBytes.few : keptBytes.many);
    const memory = keep ? this.#keptStaging(total, op) : NativeBuffer.create(total, op);
    try {
      let offset = 0;
      for (const [index, source] of sources.entries()) {
        const reference = isOnDevice(source) ? undefined : source.native;
        if (isOnDevice(source)) {
          this.bindDevice("input", index, source, `${op} input "${names(index)}"`);
          counters.bytesReferenced += source.byteLength;
        } else if (reference !== undefined) {
          this.bindOnce("input", index, reference, source.shape, op);
          counters.bytesReferenced += source.byteLength;
        } else {
          this.#stageOne(memory, keep, index, offset, source, op);
          offset += aligned(source.byteLength);
          counters.bytesCopied += source.byteLength;
        }
      }
    } finally {
      // What was bound for this run alone lives until the run has ended.
      if (!keep) memory.close();
    }
  }

  /** For the next run alone. */
  bindOnce(direction: Direction, index: number, memory: NativeRef, shape: Shape, op: string): void {
    if (direction === "input") this.#staged[index] = undefined;
    this.#bind(direction, index, memory, shape, false, op);
  }

  /**
   * Memory of a device, for the next run alone, which waits for what is queued on its stream.
   * @throws ArgumentError `wrong_memory`: the model does not run on that device
   */
  bindDevice(direction: Direction, index: number, tensor: DeviceTensor, op: string): void {
    const reference = referenceOf(tensor, op);
    const { slot = 0, generation = 0 } = tensor.stream?.native ?? {};
    const at = 5 + tensor.shape.length;
    block.values[at] = slot;
    block.values[at + 1] = generation;
    this.bindOnce(direction, index, reference, tensor.shape, op);
  }

  /** The request used memory of its own meanwhile. */
  forget(): void {
    this.#staged.length = 0;
  }

  close(): void {
    this.#staging?.close();
  }

  #stageOne(memory: NativeBuffer, keep: boolean, index: number, offset: number, source: TensorSource, op: string) {
    const bytes = source.bytes();
    if (bytes.byteLength !== source.byteLength) {
      throw makeError("closed", { op, message: `the memory of input ${index} was closed or moved away.` });
    }
    let staged = keep ? this.#staged[index] : undefined;
    if (staged === undefined || staged.offset !== offset || !Shape.equals(staged.shape, source.shape)) {
      const { slot, generation } = memory;
      this.#staged[index] = undefined;
      this.#bind("input", index, { slot, generation, byteOffset: offset }, source.shape, keep, op);
      staged = { offset, shape: source.shape, bytes: new Uint8Array(memory.buffer, offset, bytes.byteLength) };
      if (keep) this.#staged[index] = staged;
    }
    staged.bytes.set(bytes);
  }

  #keptStaging(total: number, op: string): NativeBuffer {
    if (this.#staging !== undefined && this.#staging.byteLength >= total) return this.#staging;
    this.#staging?.close();
    this.#staged.length = 0;
    this.#staging = NativeBuffer.create(2 ** Math.ceil(Math.log2(Math.max(total, alignment))), op);
    return this.#staging;
  }

  #bind(direction: Direction, index: number, memory: NativeRef, shape: Shape, keep: boolean, op: string): void {
    const { values } = block;
    values[0] = directionCode[direction];
    values[1] = index;
    values[2] = keep ? 1 : 0;
    values[3] = memory.byteOffset;
    values[4] = shape.length;
    for (let axis = 0; axis < shape.length; axis++) values[5 + axis] = shape[axis]!;
    const { slot, generation } = this.#model;
    check(native.mr_request_bind(slot, generation, this.#number, memory.slot, memory.generation), op);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

import { check } from "../native/check.ts";
import { native, wrapResult } from "../native/library.ts";
import type { TypedArrayOf } from "../tensor/index.ts";
import { elementTypes } from "../tensor/index.ts";
import type { Handle, Port } from "./port.ts";
import { arrayOver } from "./result.ts";

/** Requests that share a piece of native memory; `zig/replica/slots.zig` has the same number. */
export const chunkRequests = 64;

/** The memory of 64 requests: one kept view for each input and output, because making a view costs more than the copy. */
export class Chunk {
  /** The first request's number. */
  readonly first: number;
  readonly inputs: readonly TypedArrayOf[];
  readonly outputs: readonly TypedArrayOf[];
  readonly buffer: ArrayBuffer;

  constructor(model: Handle, inputs: readonly Port[], outputs: readonly Port[], op: string) {
    this.first = check(native.mr_request_grow(model.slot, model.generation), op) * chunkRequests;
    this.buffer = wrapResult();
    this.inputs = inputs.map((port) => this.#view(port));
    this.outputs = outputs.map((port) => this.#view(port));
  }

  /** The views get length 0; the memory goes when the native side lets go too. */
  close(): void {
    this.buffer.transfer(0);
  }

  #view({ desc, offset, stride }: Port): TypedArrayOf {
    return arrayOver(desc.dtype, this.buffer, offset, stride * chunkRequests);
  }
}

/** Elements from one request's part of a chunk's view to the next one's. */
export function strideElements({ desc, stride }: Port): number {
  return stride / elementTypes[desc.dtype].size;
}

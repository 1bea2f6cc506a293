import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native, wrapResult } from "../native/library.ts";
import { Shape, type TensorSource } from "../tensor/index.ts";
import type { Chunk } from "./chunk.ts";
import type { DataDesc } from "./data-desc.ts";
import { DeviceResult, isOnDevice } from "./device-memory.ts";
import type { Handle } from "./port.ts";
import { arrayOver, ResultTensor } from "./result.ts";

export type Results = Record<string, ResultTensor>;
/** Memory of the caller's, by the output's index. */
export type Given = ReadonlyMap<number, TensorSource>;

/** Where the native side says that an output is; see `mr_request_output`. */
const inChunk = 1;

/** Output `index` of a finished request, wherever it is. Copied, or handed over when it is large. */
export function readOutput(
  model: Handle,
  chunk: Chunk,
  number: number,
  index: number,
  { dtype }: DataDesc,
  op: string,
): ResultTensor {
  const { slot, generation } = model;
  const where = check(native.mr_request_output(slot, generation, number, index), op);
  const { results, values } = block;
  const [offset, size, rank] = [results[0]!, results[1]!, results[2]!];
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(values[axis]!);
  if (where === inChunk) {
    return new ResultTensor(dtype, shape, arrayOver(dtype, chunk.buffer, offset, size).slice(), false);
  }
  check(native.mr_request_take(slot, generation, number, index), op);
  return new ResultTensor(dtype, shape, arrayOver(dtype, wrapResult(), 0, size), true);
}

/** The result in the caller's memory: it is there already when that is native. */
export function deliver(
  memory: TensorSource,
  result: () => ResultTensor,
  { name }: DataDesc,
  op: string,
): ResultTensor {
  if (isOnDevice(memory)) return new DeviceResult(memory);
  if (memory.native === undefined) {
    const own = result();
    if (!Shape.equals(memory.shape, own.shape)) {
      const shapes = `${Shape.format(own.shape)}, the memory given for it ${Shape.format(memory.shape)}`;
      throw makeError("wrong_shape", { op, message: `output "${name}" has shape ${shapes}.` });
    }
    memory.bytes().set(own.bytes());
    own[Symbol.dispose]();
  }
  const { buffer, byteOffset, byteLength } = memory.bytes();
  return new ResultTensor(memory.dtype, memory.shape, arrayOver(memory.dtype, buffer, byteOffset, byteLength), false);
}

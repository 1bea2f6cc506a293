import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native, wrapResult } from "../native/library.ts";
import { Shape, type TensorSource } from "../tensor/index.ts";
import type { DataDesc, Handle } from "./data-desc.ts";
import type { RequestMemory } from "./request-memory.ts";
import { arrayOver, ResultTensor } from "./result.ts";

/** Where the native side says that an output is; see `mr_request_output`. */
const copied = 1;

/** The outputs of a finished request by name. `given`: memory of the caller's, by the output's index. */
export function collect(
  model: Handle,
  request: RequestMemory,
  descs: readonly DataDesc[],
  given: ReadonlyMap<number, TensorSource> | undefined,
  op: string,
): Record<string, ResultTensor> {
  const results: Record<string, ResultTensor> = {};
  for (let index = 0; index < descs.length; index++) {
    const desc = descs[index]!;
    const memory = given?.get(index);
    results[desc.name] =
      memory?.native === undefined
        ? into(memory, read(model, request, index, desc, op), desc, op)
        : new ResultTensor(memory.dtype, memory.shape, viewOf(memory), false);
  }
  return results;
}

function read(model: Handle, request: RequestMemory, index: number, desc: DataDesc, op: string): ResultTensor {
  const bound = request.outputs[index];
  if (bound !== undefined) return new ResultTensor(desc.dtype, desc.shape, bound.slice(), false);
  const { slot, generation } = model;
  const where = check(native.mr_request_output(slot, generation, request.number, index), op);
  const { results, values } = block;
  const [offset, size, rank] = [results[0]!, results[1]!, results[2]!];
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(values[axis]!);
  if (where === copied) {
    return new ResultTensor(desc.dtype, shape, arrayOver(desc.dtype, request.results!, offset, size).slice(), false);
  }
  check(native.mr_request_take(slot, generation, request.number, index), op);
  return new ResultTensor(desc.dtype, shape, arrayOver(desc.dtype, wrapResult(), 0, size), true);
}

/** A result goes to the caller's array if there is one. */
function into(memory: TensorSource | undefined, result: ResultTensor, desc: DataDesc, op: string): ResultTensor {
  if (memory === undefined) return result;
  if (!Shape.equals(memory.shape, result.shape)) {
    const shapes = `${Shape.format(result.shape)}, the memory given for it ${Shape.format(memory.shape)}`;
    throw makeError("wrong_shape", { op, message: `output "${desc.name}" has shape ${shapes}.` });
  }
  memory.bytes().set(result.bytes());
  result[Symbol.dispose]();
  return new ResultTensor(memory.dtype, memory.shape, viewOf(memory), false);
}

function viewOf(memory: TensorSource): ResultTensor["data"] {
  const { buffer, byteOffset, byteLength } = memory.bytes();
  return arrayOver(memory.dtype, buffer, byteOffset, byteLength);
}

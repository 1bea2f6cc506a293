import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native, wrapResult } from "../native/library.ts";
import { Shape, type TensorSource } from "../tensor/index.ts";
import type { DataDesc, Handle } from "./data-desc.ts";
import type { RequestMemory } from "./request-memory.ts";
import { arrayOver, ResultTensor } from "./result.ts";

/** Where the native side says that an output is; see `mr_replica_output`. */
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
  if (bound !== undefined) return own(desc, desc.shape, bound.slice().buffer);
  const { slot, generation } = model;
  const where = check(native.mr_replica_output(slot, generation, request.number, index), op);
  const [offset = 0, size = 0, rank = 0] = block.results;
  const shape = [...block.values.subarray(0, rank)];
  if (where === copied) return own(desc, shape, request.results!.slice(offset, offset + size));
  check(native.mr_replica_take(slot, generation, request.number, index), op);
  return own(desc, shape, wrapResult());
}

function own(desc: DataDesc, shape: readonly number[], buffer: ArrayBuffer): ResultTensor {
  return new ResultTensor(desc.dtype, Object.freeze(shape), arrayOver(desc.dtype, buffer, 0, buffer.byteLength), true);
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

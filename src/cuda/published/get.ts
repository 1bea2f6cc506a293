import { check, codeOf, nativeError, readText } from "../../native/check.ts";
import { MillraceError, makeError } from "../../native/error.ts";
import { runJob, waitJob } from "../../native/jobs.ts";
import { block, native } from "../../native/library.ts";
import { type DType, elementType, elementTypeOfCode, Shape } from "../../tensor/index.ts";
import type { CudaDevice } from "../cuda-device.ts";
import { checkView } from "../darray/strided.ts";
import { DeviceMemory } from "../device-memory.ts";
import { DeviceTensor, type DeviceTensorDescription } from "./device-tensor.ts";
import type { NamedJob, NameWaitOptions } from "./job.ts";

export interface DeviceGetOptions<D extends DType = DType> {
  /** The element type required; another throws `wrong_dtype`. */
  readonly dtype?: D | undefined;
}

export interface DeviceWaitOptions<D extends DType = DType> extends DeviceGetOptions<D>, NameWaitOptions {}

/** Undefined: the name is not published, and `optional`. */
export function getTensor<D extends DType>(
  device: CudaDevice,
  job: NamedJob,
  name: string,
  options: DeviceGetOptions<D> & { readonly optional: boolean },
  op: string,
): DeviceTensor<D> | undefined {
  const slot = begin(device, job, name, op);
  if (slot < 0) {
    if (options.optional && codeOf(slot) === "not_found") return undefined;
    throw nativeError(slot, op);
  }
  return waitJob(
    () => slot,
    (memory) => adopt(device, job, name, memory, options, op),
    op,
  );
}

/** As soon as there is one whose publisher lives. */
export async function waitForTensor<D extends DType>(
  device: CudaDevice,
  job: NamedJob,
  name: string,
  options: DeviceWaitOptions<D>,
  op: string,
): Promise<DeviceTensor<D>> {
  const end = performance.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  for (;;) {
    const left = Math.max(0, end - performance.now());
    const timeoutMs = Number.isFinite(left) ? Math.ceil(left) : options.timeoutMs;
    await job.names.wait(name, { ...options, timeoutMs }, () => isThere(job, name, op), op);
    try {
      return await runJob(
        () => begin(device, job, name, op),
        (memory) => adopt(device, job, name, memory, options, op),
        op,
        options.signal,
      );
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

/** Undefined when it is not. */
function isThere({ names }: NamedJob, name: string, op: string): true | undefined {
  const { slot, generation } = names.handle(op);
  return check(native.mr_context_has(slot, generation, names.write(name, op)), op) === 1 ? true : undefined;
}

function isGone(error: unknown): boolean {
  return error instanceof MillraceError && (error.code === "not_found" || error.code === "owner_lost");
}

function begin(device: CudaDevice, { names }: NamedJob, name: string, op: string): number {
  const gpu = device.native;
  const job = names.handle(op);
  return native.mr_cuda_publication_get(gpu.slot, gpu.generation, job.slot, job.generation, names.write(name, op));
}

/** Nothing that the publication says is believed: the tensor must lie in the memory that was opened. */
function adopt<D extends DType>(
  device: CudaDevice,
  { names }: NamedJob,
  name: string,
  slot: number,
  { dtype }: DeviceGetOptions<D>,
  op: string,
): DeviceTensor<D> {
  const { results, values } = block;
  const rank = results[3]!;
  const byteOffset = results[4]!;
  const shape = Object.freeze([...values.subarray(0, rank)]);
  const strides = Object.freeze([...values.subarray(rank, 2 * rank)]);
  const text = results[6] === 0 ? "" : readText(0, results[6]!);
  const type = elementTypeOfCode(results[2]!);
  const memory = new DeviceMemory(device, slot, results[1]!);
  try {
    if (type === undefined) throw makeError("corrupt", { op, message: `"${name}" has an unknown element type.` });
    if (dtype !== undefined && elementType(dtype, op).name !== type.name)
      throw makeError("wrong_dtype", { op, message: `"${name}" is ${type.name}, not ${dtype}.` });
    const description: DeviceTensorDescription<D> = {
      dtype: type.name as D,
      shape,
      strides,
      byteOffset,
      attributes: names.decode(text, op),
    };
    checkPlace(name, memory.byteLength, type.size, description, op);
    return new DeviceTensor(name, memory, description);
  } catch (error) {
    memory.close();
    throw error;
  }
}

function checkPlace(
  name: string,
  byteLength: number,
  size: number,
  { shape, strides, byteOffset }: DeviceTensorDescription,
  op: string,
): void {
  try {
    Shape.validate(shape, op);
    if (byteOffset % size !== 0) throw new RangeError(`its offset is ${byteOffset}`);
    checkView({ shape, strides, offset: byteOffset / size }, Math.floor(byteLength / size), op);
  } catch (cause) {
    const message = `"${name}" cannot lie in its ${byteLength} bytes: ${(cause as Error).message}`;
    throw makeError("corrupt", { op, message, cause });
  }
}

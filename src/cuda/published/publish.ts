import { checkInteger, writeText } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import { runJob, waitJob } from "../../native/jobs.ts";
import { block, native } from "../../native/library.ts";
import { checkSignal } from "../../native/signal.ts";
import { off } from "../../native/switches.ts";
import { type DType, elementType, elementTypes, Shape } from "../../tensor/index.ts";
import { checkView } from "../darray/strided.ts";
import type { DeviceMemory } from "../device-memory.ts";
import type { Stream } from "../stream.ts";
import type { AsyncWaitOptions, WaitOptions } from "../waiting.ts";
import { DevicePublication } from "./device-publication.ts";
import type { NamedJob } from "./job.ts";

/** What lies in the memory, and how it is shown. */
export interface DevicePublishOptions<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Elements (not bytes) to step along each axis; default: row-major without gaps. */
  readonly strides?: readonly number[] | undefined;
  /** Of the element whose indices are all 0; a multiple of the element size. Default 0. */
  readonly byteOffset?: number | undefined;
  /** Whoever gets it may not write to it. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Side information: JSON of at most 4096 bytes. */
  readonly attributes?: { readonly [name: string]: unknown } | undefined;
  /** Show this memory instead of what the name shows now. */
  readonly replace?: boolean | undefined;
  /**
   * The stream that writes it: the name appears when all that was asked of it so far has been done. Without it, synchronize first
   * with whatever writes the memory.
   */
  readonly stream?: Stream | undefined;
}

const attributesBytesMax = 4096;
const rankMax = 16;
const replaceBit = 0x8000_0000;
const readOnlyBit = 0x4000_0000;

export function publishMemory(
  memory: DeviceMemory,
  job: NamedJob,
  name: string,
  options: DevicePublishOptions & WaitOptions,
): DevicePublication {
  const op = "DeviceMemory.publish";
  const start = prepare(memory, job, name, options, op);
  if (!off("gpu_publish_waits")) options.stream?.synchronize(options);
  return waitJob(start, (slot) => new DevicePublication(job.names, name, slot), op);
}

export async function publishMemoryAsync(
  memory: DeviceMemory,
  job: NamedJob,
  name: string,
  options: DevicePublishOptions & AsyncWaitOptions,
): Promise<DevicePublication> {
  const op = "DeviceMemory.publishAsync";
  const signal = checkSignal(options.signal, op);
  const start = prepare(memory, job, name, options, op);
  if (!off("gpu_publish_waits")) await options.stream?.synchronizeAsync(options);
  return await runJob(start, (slot) => new DevicePublication(job.names, name, slot), op, signal);
}

/** Checks all of it at once; what is returned begins the job, perhaps later. */
function prepare(
  memory: DeviceMemory,
  { names }: NamedJob,
  name: string,
  options: DevicePublishOptions,
  op: string,
): () => number {
  const tensor = describe(memory, options, op);
  const attributes = names.encode(options.attributes ?? {}, op);
  const form =
    tensor.code | (tensor.shape.length << 8) | bit(options.replace, replaceBit) | bit(options.readOnly, readOnlyBit);
  return () => {
    const job = names.handle(op);
    const { slot, generation } = memory.native;
    const nameBytes = names.write(name, op);
    const attributesBytes = writeText(attributes, nameBytes, attributesBytesMax, () =>
      makeError("attributes_too_large", { op }),
    );
    block.values.set([attributesBytes, tensor.byteOffset, ...tensor.shape, ...tensor.strides]);
    return native.mr_cuda_publication_publish(job.slot, job.generation, slot, generation, nameBytes, form >>> 0);
  };
}

function describe(memory: DeviceMemory, options: DevicePublishOptions, op: string) {
  const type = elementType(options.dtype, op);
  const { size, code } = elementTypes[type.name];
  const shape = Shape.validate(options.shape, op);
  if (shape.length > rankMax)
    throw makeError("invalid_shape", { op, message: `${shape.length} axes exceed the ${rankMax} that a name holds.` });
  const byteOffset = checkInteger(options.byteOffset ?? 0, "byteOffset", op);
  if (byteOffset % size !== 0)
    throw makeError("invalid_argument", {
      op,
      message: `byteOffset ${byteOffset} is no multiple of ${size} (${type.name}).`,
    });
  const strides = options.strides ?? Shape.strides(shape);
  checkView({ shape, strides, offset: byteOffset / size }, Math.floor(memory.byteLength / size), op);
  return { code, shape, strides, byteOffset };
}

function bit(wanted: boolean | undefined, value: number): number {
  return wanted === true ? value : 0;
}

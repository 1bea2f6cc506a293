import { checkInteger } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import {
  asTensor,
  type DType,
  elementType,
  elementTypes,
  isRawMemory,
  isTensorSource,
  Shape,
  type TensorInput,
  type TensorSource,
} from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";
import type { DeviceMemory } from "../device-memory.ts";
import { fresh } from "./elementwise.ts";
import type { DArrayOptions } from "./options.ts";
import { arrayPart, type HasPart, hasPart, type Part } from "./part.ts";
import { type Allocation, Storage } from "./storage.ts";
import { checkView, denseView, type Strided } from "./strided.ts";
import { upload } from "./transfer.ts";

/** What `new DArray(options)` stands for. The caller owns one reference to the storage. */
export function makePart<D extends DType>(options: DArrayOptions<D>, op: string): Part<D> {
  const { array, allocation, stream } = options;
  if (stream !== undefined && !(typeof stream === "object" && stream !== null && "device" in stream))
    throw makeError("invalid_argument", { op, message: `${describeValue(stream)} is no stream.` });
  if (array !== undefined && allocation !== undefined)
    throw makeError("invalid_argument", { op, message: "array and allocation were both given." });
  if (allocation !== undefined) return lay(allocation, options, op);
  if (options.strides !== undefined || options.byteOffset !== undefined) {
    throw makeError("invalid_argument", {
      op,
      message: "strides and byteOffset say where in an allocation; none was given.",
    });
  }
  if (array !== undefined) return copied(array, options, op);
  if (options.shape === undefined)
    throw makeError("invalid_argument", { op, message: "neither shape, array nor allocation was given." });
  const dtype = elementType(options.dtype ?? "float32", op).name as D;
  return fresh({ dtype, stream, view: denseView(Shape.validate(options.shape, op)) }, op);
}

/** A view of a tensor's own memory, for reading. */
export function partOver<D extends DType>(source: TensorSource<D>, op: string): Part<D> {
  const tensor = asTensor<D>(source, { op });
  if (tensor.memoryKind === "device") {
    throw makeError("invalid_argument", {
      op,
      message: "the tensor lies on a device.",
      hint: "Pass its allocation and a stream.",
    });
  }
  return placed(
    Storage.borrow(tensor, op),
    denseView(Shape.validate(tensor.shape, op)),
    { dtype: tensor.dtype, stream: undefined },
    op,
  );
}

function lay<D extends DType>(allocation: Allocation, options: DArrayOptions<D>, op: string): Part<D> {
  if (options.shape === undefined)
    throw makeError("invalid_argument", { op, message: "an array in an allocation needs a shape." });
  if (
    typeof allocation !== "object" ||
    !(isRawMemory(allocation) || isTensorSource(allocation) || "native" in allocation)
  )
    throw makeError("invalid_argument", { op, message: "allocation is no memory." });
  const dtype = elementType(options.dtype ?? "float32", op).name as D;
  const { size } = elementTypes[dtype];
  const storage = Storage.borrow(allocation, op);
  const onDevice = storage.memoryKind === "device";
  if (onDevice !== (options.stream !== undefined)) {
    throw makeError("wrong_device", {
      op,
      message: onDevice
        ? "memory of a device needs a stream."
        : "a stream works on memory of its device, not of the host.",
    });
  }
  // Two `CudaDevice`s may be one GPU.
  if (options.stream !== undefined && (allocation as DeviceMemory).device.ordinal !== options.stream.device.ordinal)
    throw makeError("wrong_device", { op, message: "the memory and the stream are of different GPUs." });
  const byteOffset = checkInteger(options.byteOffset ?? 0, "byteOffset", op);
  if (byteOffset % size !== 0)
    throw makeError("invalid_argument", {
      op,
      message: `byteOffset ${byteOffset} is no multiple of ${size} (${dtype}).`,
    });
  const dense = denseView(Shape.validate(options.shape, op), byteOffset / size);
  const view = options.strides === undefined ? dense : { ...dense, strides: [...options.strides] };
  return placed(storage, view, { dtype, stream: options.stream }, op);
}

function placed<D extends DType>(
  storage: Storage,
  view: Strided,
  { dtype, stream }: Pick<DArrayOptions<D>, "stream"> & { dtype: D },
  op: string,
): Part<D> {
  checkView(view, Math.floor(storage.byteLength / elementTypes[dtype].size), op);
  return { storage: storage.retain(), dtype, view, stream };
}

function copied<D extends DType>(array: TensorInput<D> | HasPart<D>, options: DArrayOptions<D>, op: string): Part<D> {
  const { dtype, shape, stream } = options;
  const source = hasPart(array) ? describe(array as HasPart<D>, options, op) : asTensor<D>(array, { dtype, shape, op });
  const view = denseView(Shape.validate(source.shape, op));
  const part = fresh({ dtype: source.dtype, stream, view }, op);
  try {
    upload(part, hasPart(array) ? array : (source as TensorSource), op);
    return part;
  } catch (error) {
    part.storage.release();
    throw error;
  }
}

function describe<D extends DType>(
  array: HasPart<D>,
  { dtype, shape }: DArrayOptions<D>,
  op: string,
): { dtype: D; shape: Shape } {
  const part = array[arrayPart];
  if (dtype !== undefined && dtype !== part.dtype)
    throw makeError("wrong_dtype", {
      op,
      message: `${dtype} is required, the array is ${part.dtype}.`,
      hint: "Convert it: astype().",
    });
  if (shape !== undefined && !Shape.equals(shape, part.view.shape))
    throw makeError("wrong_shape", {
      op,
      message: `shape ${Shape.format(shape)} is required, the array's is ${Shape.format(part.view.shape)}.`,
    });
  return { dtype: part.dtype, shape: part.view.shape };
}

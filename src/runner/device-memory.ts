import { makeError } from "../native/error.ts";
import { type DType, elementTypes, type NativeRef, type TensorSource, type TypedArrayOf } from "../tensor/index.ts";
import { ResultTensor } from "./result.ts";

/** A tensor in memory of a CUDA device: a `DArray`, a full `Bufferizer`. Work that was queued on its stream comes before the model's. */
export interface DeviceTensor<D extends DType = DType> extends TensorSource<D> {
  readonly memoryKind: "device";
  readonly stream?: { readonly native: { readonly slot: number; readonly generation: number } } | undefined;
}

export function isOnDevice(tensor: TensorSource): tensor is DeviceTensor {
  return tensor.memoryKind === "device";
}

/**
 * Where a tensor of a device is, for a model on a device.
 * @throws ArgumentError `wrong_memory`: there are gaps between its elements
 */
export function referenceOf(tensor: DeviceTensor, op: string): NativeRef {
  const reference = tensor.native;
  if (reference !== undefined) return reference;
  throw makeError("wrong_memory", {
    op,
    message: "the elements of this array do not lie in row-major order without gaps.",
    hint: "Pass a copy of it: copy() makes one on the device.",
  });
}

/** An output that the model wrote to memory of the caller's on a device. It is there already: nothing has to be waited for. */
export class DeviceResult<D extends DType = DType> extends ResultTensor<D> {
  override readonly memoryKind = "device";
  override readonly byteLength: number;
  readonly #tensor: TensorSource<D>;

  constructor(tensor: TensorSource<D>) {
    super(tensor.dtype, tensor.shape, new elementTypes[tensor.dtype].arrayType(0) as TypedArrayOf<D>, false);
    this.byteLength = tensor.byteLength;
    this.#tensor = tensor;
  }

  get native(): NativeRef | undefined {
    return this.#tensor.native;
  }

  /** @throws ArgumentError `wrong_memory`: take it from the array that was passed as output */
  override get data(): TypedArrayOf<D> {
    throw makeError("wrong_memory", {
      op: "ResultTensor.data",
      message: "the result is in memory of a device.",
      hint: "Read the array that was passed as output: toHost() or toHostAsync().",
    });
  }
}

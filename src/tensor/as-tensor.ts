import { isAnyArrayBuffer } from "node:util/types";
import { makeError } from "../native/error.ts";
import { DataTensor } from "./data-tensor.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { elementTypes } from "./element-type.ts";
import { bytesOf, isRawBytes, isRawMemory, rawBytes } from "./raw-bytes.ts";
import { Shape } from "./shape.ts";
import type { RawBytes, TensorData, TensorInput, TensorSource } from "./source.ts";
import { describeValue, dtypeOf, holds, typedArrayKind } from "./typed-array.ts";

export interface AsTensorOptions<D extends DType = DType> {
  /** The element type required; without it, the array's own. */
  readonly dtype?: D | undefined;
  /** The shape required; -1 is any size. Without it a bare array has one axis. */
  readonly shape?: readonly number[] | undefined;
  /** The caller's name for messages. */
  readonly op?: string | undefined;
}

/**
 * Any input as a `TensorSource`, checked at run time; no bytes are copied or converted.
 *
 * - A `TensorSource` is returned as it is. Its element type and shape must be those required.
 * - A typed array is elements. `Uint8Array` also carries bool and the 8-bit floats, `Uint16Array` bfloat16, when
 *   `dtype` asks for it. Over native memory of ours it keeps its native reference.
 * - Raw bytes (`ArrayBuffer`, `SharedArrayBuffer`, `DataView`, `Buffer`, `TensorMemory` and its views) need a `dtype`.
 * - `{ data, shape, dtype }` says what a bare array cannot.
 *
 * With one -1 in `shape`, that axis follows from a bare array's length; with several, the input must bring its shape.
 *
 * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_size` (bytes that are no whole elements),
 * `invalid_dtype`, `invalid_shape`, `invalid_argument` (nothing of the above); StateError `closed` for a view whose
 * memory was closed or moved away.
 */
export function asTensor<const D extends DType = DType>(
  input: TensorInput,
  options: AsTensorOptions<D> = {},
): TensorSource<D> {
  const { op = "asTensor", dtype, shape } = options;
  if (isData(input)) return fromData(input, dtype, shape, op) as TensorSource<D>;
  if (isTensorSource(input)) {
    requireKnown(input.dtype, op);
    requireDtype(input.dtype, dtype, op);
    requireShape(input.shape, shape, op);
    const expected = Shape.byteSize(input.dtype, input.shape, op);
    if (input.byteLength !== expected) {
      throw makeError("wrong_size", {
        op,
        message: `a ${input.dtype} tensor of shape ${Shape.format(input.shape)} has ${expected} bytes, this one ${input.byteLength}.`,
      });
    }
    return input as TensorSource<D>;
  }
  if (isTensorData(input)) {
    if (input.dtype !== undefined) requireDtype(input.dtype, dtype, op);
    if (input.shape !== undefined) requireShape(Shape.validate(input.shape, op), shape, op);
    return fromData(input.data, input.dtype ?? dtype, input.shape ?? shape, op) as TensorSource<D>;
  }
  throw makeError("invalid_argument", {
    op,
    message: `${describeValue(input)} is not a tensor.`,
    hint: "Pass a typed array, a tensor, raw bytes, or { data, shape }.",
  });
}

/** Recognised by its members, so that every layer and every copy of the package can make them. */
export function isTensorSource(value: unknown): value is TensorSource {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, bytes } = value as Partial<TensorSource>;
  return typeof dtype === "string" && Array.isArray(shape) && typeof bytes === "function";
}

function isTensorData(value: unknown): value is TensorData {
  if (typeof value !== "object" || value === null) return false;
  return isData((value as Partial<TensorData>).data);
}

function isData(value: unknown): value is TensorData["data"] {
  return typedArrayKind(value) !== undefined || isRawBytes(value) || isRawMemory(value);
}

function fromData(
  input: TensorData["data"],
  wanted: DType | undefined,
  shape: Shape | undefined,
  op: string,
): TensorSource {
  const data = isRawMemory(input) ? input[rawBytes] : input;
  if (wanted !== undefined) requireKnown(wanted, op);
  const buffer = isAnyArrayBuffer(data) ? data : data.buffer;
  if ((buffer as ArrayBuffer).detached) {
    throw makeError("closed", {
      op,
      message: `the memory under this ${describeValue(data)} was closed or moved away.`,
    });
  }
  const bytes = bytesOf(data);
  const raw = isRawMemory(input) || isRawBytes(data);
  const dtype = raw ? rawDtype(data, wanted, op) : arrayDtype(data as TypedArray, wanted, op);
  const { size } = elementTypes[dtype];
  if (bytes.byteLength % size !== 0) {
    throw makeError("wrong_size", {
      op,
      message: `${bytes.byteLength} bytes are no whole number of ${dtype} (${size} bytes each).`,
    });
  }
  return new DataTensor(dtype, resolveShape(bytes.byteLength / size, dtype, shape, op), bytes);
}

function rawDtype(data: TypedArray | RawBytes, wanted: DType | undefined, op: string): DType {
  if (wanted !== undefined) return wanted;
  throw makeError("invalid_dtype", {
    op,
    message: `raw bytes (${describeValue(data)}) have no element type.`,
    hint: "Pass a typed array, or { data, dtype, shape }.",
  });
}

function arrayDtype(data: TypedArray, wanted: DType | undefined, op: string): DType {
  if (wanted === undefined) return dtypeOf(data, op);
  if (holds(data, wanted)) return wanted;
  throw makeError("wrong_dtype", {
    op,
    message: `${wanted} is required, ${describeValue(data)} holds ${dtypeOf(data, op)}.`,
    hint:
      `Pass a ${elementTypes[wanted].arrayType.name}, or convert() it` +
      (data.BYTES_PER_ELEMENT === 1 ? "; bytes without a type go as Buffer or DataView." : "."),
  });
}

function resolveShape(count: number, dtype: DType, shape: Shape | undefined, op: string): Shape {
  if (shape === undefined) return Object.freeze([count]);
  const resolved = Shape.infer(shape, count, op);
  const required = Shape.elementCount(resolved, op);
  if (required === count) return resolved;
  throw makeError("wrong_shape", {
    op,
    message: `shape ${Shape.format(shape)} of ${dtype} has ${required} elements, the data ${count}.`,
  });
}

function requireKnown(dtype: DType, op: string): void {
  if (Object.hasOwn(elementTypes, dtype)) return;
  throw makeError("invalid_dtype", {
    op,
    message: `"${String(dtype)}" is not a canonical element type.`,
    hint: `Use one of ${Object.keys(elementTypes).join(", ")}; elementType() translates other spellings.`,
  });
}

function requireDtype(dtype: DType, required: DType | undefined, op: string): void {
  if (required === undefined || dtype === required) return;
  throw makeError("wrong_dtype", { op, message: `${required} is required, the tensor is ${dtype}.` });
}

function requireShape(shape: Shape, required: Shape | undefined, op: string): void {
  if (required === undefined || Shape.matches(shape, required)) return;
  throw makeError("wrong_shape", {
    op,
    message: `shape ${Shape.format(required)} is required, the tensor's is ${Shape.format(shape)}.`,
  });
}

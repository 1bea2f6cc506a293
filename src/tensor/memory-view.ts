import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { DType, TypedArrayOf } from "./dtype.ts";
import { elementTypes } from "./element-type.ts";
import { bytesOf, isRawBytes, isRawMemory, type RawMemory, rawBytes } from "./raw-bytes.ts";
import type { ReadonlyTypedArrayOf } from "./readonly-array.ts";
import { elementType } from "./spelling.ts";
import { describeValue, typedArrayKind } from "./typed-array.ts";

/** Memory that a view can be made of: any typed array, `DataView` or buffer. Only its bytes matter. */
export type Viewable = ArrayBufferView | ArrayBufferLike;

function firstBytes(data: Viewable | undefined, dataSizeBytes: number | undefined, op: string): Uint8Array {
  if (data === undefined) return new Uint8Array(off("memory_view_empty") ? 1 : 0);
  if (typedArrayKind(data) === undefined && !isRawBytes(data)) {
    throw makeError("invalid_argument", {
      op,
      message: `${describeValue(data)} is not memory.`,
      hint: "Pass a typed array or a buffer.",
    });
  }
  const bytes = bytesOf(data);
  if (off("memory_view_in_place")) return bytes.slice();
  if (off("memory_view_size")) return bytes;
  if (dataSizeBytes === undefined || dataSizeBytes === bytes.byteLength) return bytes;
  if (!Number.isInteger(dataSizeBytes) || dataSizeBytes < 0 || dataSizeBytes > bytes.byteLength) {
    throw makeError("out_of_bounds", {
      op,
      message: `dataSizeBytes is ${dataSizeBytes}, the memory has ${bytes.byteLength} bytes.`,
    });
  }
  return bytes.subarray(0, dataSizeBytes);
}

function viewAs<D extends DType>(bytes: Uint8Array, dtype: D, op: string): TypedArrayOf<D> {
  const { name, size, arrayType } = elementTypes[elementType(dtype, op).name as D];
  if (bytes.byteLength % size !== 0) {
    throw makeError("wrong_size", {
      op,
      message: `${bytes.byteLength} bytes are no whole number of ${name} (${size} bytes each).`,
    });
  }
  if (bytes.byteOffset % size !== 0) {
    throw makeError("out_of_bounds", {
      op,
      message: `the memory begins at byte ${bytes.byteOffset} of its buffer, which is no multiple of ${size} (${name}).`,
      hint: "Copy it: data.slice().",
    });
  }
  return new arrayType(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
}

/**
 * Memory to read and write, owned by somebody else. Once the owner is closed, `data` and the arrays from `as` have
 * length 0. Without arguments: no memory.
 *
 * @throws ArgumentError `invalid_argument`, or `out_of_bounds` when `dataSizeBytes` is more than there is.
 */
export class TensorMemoryView implements RawMemory {
  /** The bytes, in place. */
  readonly data: Uint8Array;

  constructor(data?: Viewable | undefined, dataSizeBytes?: number | undefined) {
    this.data = firstBytes(data, dataSizeBytes, "TensorMemoryView");
  }

  get dataSizeBytes(): number {
    return this.data.byteLength;
  }

  /**
   * The same memory as elements.
   * @throws ArgumentError `invalid_dtype`, `wrong_size` (no whole elements), `out_of_bounds` (not aligned).
   */
  as<const D extends DType>(dtype: D): TypedArrayOf<D> {
    return viewAs(this.data, dtype, "TensorMemoryView.as");
  }

  get [rawBytes](): Uint8Array {
    return this.data;
  }
}

switchable("TensorMemoryView", TensorMemoryView);

/**
 * Memory to read, owned by somebody else: as `TensorMemoryView`, with types that offer no writing. It is the owner's
 * memory and shows what the owner writes later.
 */
export class ConstTensorMemoryView implements RawMemory {
  readonly #data: Uint8Array;

  constructor(data?: RawMemory | Viewable | undefined, dataSizeBytes?: number | undefined) {
    const memory = isRawMemory(data) && !off("const_view_of_view") ? data[rawBytes] : (data as Viewable | undefined);
    this.#data = firstBytes(memory, dataSizeBytes, "ConstTensorMemoryView");
  }

  get data(): ReadonlyTypedArrayOf<"uint8"> {
    return this.#data;
  }

  get dataSizeBytes(): number {
    return this.#data.byteLength;
  }

  /** As `TensorMemoryView.as`. */
  as<const D extends DType>(dtype: D): ReadonlyTypedArrayOf<D> {
    return viewAs(this.#data, dtype, "ConstTensorMemoryView.as") as unknown as ReadonlyTypedArrayOf<D>;
  }

  get [rawBytes](): Uint8Array {
    return this.#data;
  }
}

switchable("ConstTensorMemoryView", ConstTensorMemoryView);

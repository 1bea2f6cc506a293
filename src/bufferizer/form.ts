import { DArray } from "../cuda/index.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import {
  asTensor,
  type DType,
  elementType,
  elementTypes,
  isTensorSource,
  Shape,
  type TensorInput,
  type TensorSource,
  type TypedArray,
} from "../tensor/index.ts";
import { typedArrayKind } from "../tensor/typed-array.ts";

/** What is read from: an array of exactly the right kind, or a tensor that was checked. */
export type Source = TypedArray | TensorSource;

/** Says of a source that it is one element, which is not the same as a batch of one. */
export const one = -1;

/** What one element is like, and whether something given is one, or several. */
export class Form<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  /** Values in one element. */
  readonly values: number;
  /** Bytes of one element. */
  readonly bytes: number;
  readonly #kind: string;
  /** Of a bare array: so many elements as it holds. */
  readonly #batched: Shape;

  /** @throws ArgumentError `invalid_dtype`, `invalid_shape` */
  constructor(dtype: D, shape: Shape, op: string) {
    this.dtype = elementType(dtype, op).name as D;
    this.shape = Shape.validate(shape, op);
    this.values = Shape.elementCount(shape, op);
    this.bytes = Shape.byteSize(this.dtype, shape, op);
    if (this.values === 0) {
      throw makeError("invalid_shape", { op, message: `an element of shape ${Shape.format(shape)} has no bytes.` });
    }
    this.#kind = elementTypes[this.dtype].arrayType.name;
    this.#batched = Object.freeze([-1, ...this.shape]);
  }

  /**
   * What was given, checked and without a copy.
   * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_size`, `invalid_argument`; StateError `closed`
   */
  read(input: TensorInput, op: string): Source {
    // The array that it should be needs no object around it. One of length 0 may have been moved away.
    if (typedArrayKind(input) === this.#kind && (input as TypedArray).length > 0) {
      if ((input as TypedArray).length % this.values === 0) return input as TypedArray;
    }
    // An array of ours needs no more looking at than its element type.
    if (input instanceof DArray && input.dtype === this.dtype) return input;
    const dtype = off("bufferizer_dtype") ? undefined : this.dtype;
    if (isTensorSource(input) || isShaped(input)) return asTensor(input, { dtype, op }) as Source;
    const batch = asTensor(input, { dtype: this.dtype, shape: this.#batched, op });
    return batch.shape[0] === 1 ? asTensor(input, { dtype: this.dtype, shape: this.shape, op }) : batch;
  }

  /**
   * Checks what only reading it would show: that its memory is still there.
   * @throws StateError `closed`
   */
  requireOpen(source: Source, op: string): void {
    if (ArrayBuffer.isView(source) || source.native !== undefined) return;
    if (source.memoryKind === "device" || source.bytes().byteLength === source.byteLength) return;
    throw makeError("closed", { op, message: "the memory of the tensor was closed or moved away." });
  }

  /**
   * How many elements a source is: `one`, or the size of its first axis.
   * @throws ArgumentError `wrong_shape`
   */
  count(source: Source, op: string): number {
    const shape = (source as Partial<TensorSource>).shape;
    if (shape === undefined) {
      const count = (source as TypedArray).length / this.values;
      return count === 1 ? one : count;
    }
    const rank = this.shape.length;
    const lead = shape.length - rank;
    if (lead === 0 || lead === 1) {
      let axis = 0;
      while (axis < rank && shape[axis + lead] === this.shape[axis]) axis++;
      if (axis === rank || off("element_shape")) return lead === 0 ? one : shape[0]!;
    }
    throw makeError("wrong_shape", {
      op,
      message: `the tensor is ${Shape.format(shape)}, an element ${Shape.format(this.shape)}.`,
      hint: `Pass one element, or a batch of them: ${Shape.format([-1, ...this.shape])}.`,
    });
  }
}

function isShaped(input: TensorInput): boolean {
  return typedArrayKind(input) === undefined && Array.isArray((input as { readonly shape?: readonly number[] }).shape);
}

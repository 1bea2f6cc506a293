import { makeError } from "../../native/error.ts";
import { type DType, elementType, Shape } from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";
import { arithmetic, type Operator, requireArithmetic } from "./arithmetic.ts";
import type { DArray } from "./darray.ts";
import { checkOut } from "./destination.ts";
import { elementBits } from "./element-bits.ts";
import { elementwise, fresh } from "./elementwise.ts";
import { type KernelName, operations } from "./kernel.ts";
import type { DstOptions } from "./options.ts";
import { arrayPart, countOf, type Part, partOf } from "./part.ts";
import { denseView } from "./strided.ts";
import { StridedTensor } from "./strided-tensor.ts";

/** What is computed element by element: copies, conversion, arithmetic. */
export abstract class ComputedArray<D extends DType = DType> extends StridedTensor<D> {
  /** @internal The array that owns the part. */
  protected abstract adopted<T extends DType>(part: Part<T>): DArray<T>;

  /** All elements, dense. */
  copy(options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#into("copy", this.dtype, options, "DArray.copy");
  }

  /** All elements in one axis: a copy. */
  flatten(options: DstOptions<DArray<D>> = {}): DArray<D> {
    const op = "DArray.flatten";
    const part = this.open(op);
    const { shape } = part.view;
    return this.#result(
      { ...part, view: denseView(Object.freeze([countOf(part)])) },
      part.dtype,
      options,
      op,
      (out) => {
        const step = out.view.strides[0]!;
        const strides = Shape.strides(shape).map((stride) => stride * step);
        elementwise("copy", { ...out, view: { shape, strides, offset: out.view.offset } }, [part], [], op);
      },
    );
  }

  /** The elements as another type, by the rules of `convert`: rounded once, toward zero and saturated for integers. */
  astype<const T extends DType>(dtype: T, options: DstOptions<DArray<T>> = {}): DArray<T> {
    return this.#into("copy", elementType(dtype, "DArray.astype").name as T, options, "DArray.astype");
  }

  /**
   * Every element becomes `value`.
   * @throws ArgumentError `invalid_argument` when the element type does not hold it; StateError `access_denied`
   */
  fill(value: number | bigint | boolean): this {
    const part = this.writable("DArray.fill");
    const { low, high } = elementBits(value, part.dtype, "DArray.fill");
    elementwise("fill", part, [], [low, high], "DArray.fill");
    return this;
  }

  /**
   * Copies the elements of an array of the same shape, element type and stream into this one.
   * @throws ArgumentError `wrong_shape`, `wrong_dtype`, `wrong_device`; StateError `access_denied`
   */
  assign(source: DArray<D>): this {
    const op = "DArray.assign";
    const from = partOf(source, "the source", op);
    checkOut(this.open(op), { dtype: from.dtype, shape: from.view.shape, stream: from.stream }, op);
    elementwise("copy", this[arrayPart], [from], [], op);
    return this;
  }

  /** `factor * element`; of integers in float64, then cut toward zero and to the range. */
  scale(factor: number, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#affine(factor, 0, options, "DArray.scale");
  }

  /** `element + offset`; integers as in `scale`. */
  shift(offset: number, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#affine(1, offset, options, "DArray.shift");
  }

  abs(options: DstOptions<DArray<D>> = {}): DArray<D> {
    requireArithmetic(this.open("DArray.abs"), "DArray.abs");
    return this.#into("arithmetic", this.dtype, options, "DArray.abs", [operations.abs]);
  }

  /**
   * Element by element with an array of the same shape, type and stream, or with a number. Integer results are the exact ones, cut
   * toward zero and then to the type's range; with a number that the integer type does not have they are computed in float64.
   *
   * @throws ArgumentError `wrong_shape`, `wrong_dtype`, `wrong_device`, `invalid_argument` (what is no number); `dst` is checked
   * likewise
   */
  add(other: DArray<D> | number | bigint, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#arithmetic("add", other, options);
  }

  /** `this - other`; see `add`. */
  sub(other: DArray<D> | number | bigint, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#arithmetic("sub", other, options);
  }

  /** `other - this`; see `add`. */
  rsub(other: DArray<D> | number | bigint, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#arithmetic("rsub", other, options);
  }

  /** See `add`. */
  mul(other: DArray<D> | number | bigint, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#arithmetic("mul", other, options);
  }

  /**
   * `this / other`; see `add`. An integer divided by an element 0 is the end of the range, 0 divided by 0 is 0.
   * @throws ArgumentError `division_by_zero` for the number 0
   */
  div(other: DArray<D> | number | bigint, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#arithmetic("div", other, options);
  }

  /** `other / this`; see `div`. */
  rdiv(other: DArray<D> | number | bigint, options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#arithmetic("rdiv", other, options);
  }

  #affine(factor: number, offset: number, options: DstOptions<DArray<D>>, op: string): DArray<D> {
    for (const value of [factor, offset])
      if (typeof value !== "number")
        throw makeError("invalid_argument", { op, message: `${describeValue(value)} is no number.` });
    requireArithmetic(this.open(op), op);
    return this.#into("arithmetic", this.dtype, options, op, [operations.scale, factor, offset]);
  }

  #arithmetic(operator: Operator, other: unknown, options: DstOptions<DArray<D>>): DArray<D> {
    const op = `DArray.${operator}`;
    const part = this.open(op);
    return this.#result(part, part.dtype, options, op, (out) => arithmetic(operator, out, part, other, op));
  }

  #into<T extends DType>(
    kernel: KernelName,
    dtype: T,
    options: DstOptions<DArray<T>>,
    op: string,
    scalars: number[] = [],
  ): DArray<T> {
    const part = this.open(op);
    return this.#result(part, dtype, options, op, (out) => elementwise(kernel, out, [part], scalars, op));
  }

  /** `dst` after its check, or a new array like `part`, written by `write`. */
  #result<T extends DType>(
    part: Part,
    dtype: T,
    { dst }: DstOptions<DArray<T>>,
    op: string,
    write: (out: Part<T>) => void,
  ): DArray<T> {
    if (dst !== undefined) {
      const out = partOf(dst, "dst", op);
      checkOut(out, { dtype, shape: part.view.shape, stream: part.stream }, op);
      write(out);
      return dst;
    }
    const made = this.adopted(fresh({ dtype, view: part.view, stream: part.stream }, op));
    try {
      write(made[arrayPart]);
      return made;
    } catch (error) {
      made.close();
      throw error;
    }
  }
}

import { makeError } from "../../native/error.ts";
import {
  type DType,
  elementType,
  Shape,
  type TensorInput,
  type TensorSource,
  type TypedArray,
  type TypedArrayOf,
} from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";
import type { DevicePublication } from "../published/device-publication.ts";
import type { NamedJob } from "../published/job.ts";
import type { Stream } from "../stream.ts";
import type { AsyncWaitOptions, WaitOptions } from "../waiting.ts";
import { arithmetic, type Operator, requireArithmetic } from "./arithmetic.ts";
import { elementBits } from "./element-bits.ts";
import { elementwise, fresh } from "./elementwise.ts";
import { type KernelName, operations } from "./kernel.ts";
import { makePart, partOver } from "./make-part.ts";
import type { DArrayOptions, DstOptions, NaturalDType, PlaceOptions } from "./options.ts";
import { Adopted, arrayPart, checkOut, countOf, type Part, partOf } from "./part.ts";
import { type ArrayPublishOptions, publicationOf } from "./publish.ts";
import { type Index, select } from "./selection.ts";
import { denseView, reshaped, type Strided, transposed } from "./strided.ts";
import { StridedTensor } from "./strided-tensor.ts";
import { download, downloadAsync, upload, uploadAsync } from "./transfer.ts";

/**
 * An array of numbers on a device, or in host memory when it has no stream: shape, strides, element type. Slices and
 * transpositions are views of the same memory and keep it; every other operation makes a new array, or writes to `dst`.
 * Work on a device is queued on the array's stream and done later, in order; on the host it is done when the call returns.
 *
 * Memory goes when the last array over it is disposed; arrays that nobody disposes are garbage-collected, which for large ones
 * comes late. All methods throw `closed` after `close`.
 *
 * ```ts
 * using a = DArray.from(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] });
 * a.T.slice("::-1", 0).mul(2).toHost();                       // Float32Array [6, 4, 2]
 * ```
 */
export class DArray<D extends DType = DType> extends StridedTensor<D> {
  /**
   * @throws ArgumentError `invalid_argument`, `invalid_shape`, `invalid_dtype`, `wrong_dtype`, `wrong_shape`, `wrong_device`,
   * `out_of_bounds` (elements beyond the allocation); CapacityError `out_of_memory`
   */
  constructor(options: DArrayOptions<D> | Adopted<D>) {
    super(options instanceof Adopted ? options.part : makePart(options, "DArray"));
  }

  /** Elements 0. */
  static zeros<const D extends DType = "float32">(shape: Shape, options: PlaceOptions<D> = {}): DArray<D> {
    return new DArray<D>({ ...options, shape }).fill(0);
  }

  /** Elements 1. */
  static ones<const D extends DType = "float32">(shape: Shape, options: PlaceOptions<D> = {}): DArray<D> {
    return new DArray<D>({ ...options, shape }).fill(1);
  }

  /** Elements of any value: to be written before they are read. */
  static empty<const D extends DType = "float32">(shape: Shape, options: PlaceOptions<D> = {}): DArray<D> {
    return new DArray<D>({ ...options, shape });
  }

  /** As `zeros`, with the shape, element type and stream of `like`. */
  static zerosLike<D extends DType>(like: DArray<D>): DArray<D> {
    return DArray.emptyLike(like).fill(0);
  }

  static onesLike<D extends DType>(like: DArray<D>): DArray<D> {
    return DArray.emptyLike(like).fill(1);
  }

  static emptyLike<D extends DType>(like: DArray<D>): DArray<D> {
    return adopt(fresh(partOf(like, "like", "DArray.emptyLike"), "DArray.emptyLike"));
  }

  /** A copy of values: a typed array, any tensor, or an array on whatever device. Throws as the constructor. */
  static from<A extends TypedArray>(
    array: A,
    options?: Omit<DArrayOptions, "array" | "dtype"> & { readonly dtype?: undefined },
  ): DArray<NaturalDType<A>>;
  static from<const D extends DType = DType>(
    array: TensorInput<D> | DArray<D>,
    options?: Omit<DArrayOptions<D>, "array">,
  ): DArray<D>;
  static from(array: TensorInput | DArray, options: Omit<DArrayOptions, "array"> = {}): DArray {
    return new DArray({ ...options, array });
  }

  /**
   * A tensor's own memory as an array on the host, for reading, without a copy: a FastIO tensor for instance. It is used as long
   * as its owner keeps it.
   *
   * @throws ArgumentError `invalid_argument` when the memory is not native; StateError `closed`
   */
  static over<D extends DType>(tensor: TensorSource<D>): DArray<D> {
    return adopt(partOver(tensor, "DArray.over"));
  }

  /** The axes in reverse order: a view. */
  get T(): DArray<D> {
    return this.transpose();
  }

  /**
   * The axes in another order, reversed without `axes`: a view.
   * @throws ArgumentError `invalid_argument`: not every axis once
   */
  transpose(axes?: readonly number[] | undefined): DArray<D> {
    const part = this.open("DArray.transpose");
    return this.#viewed(transposed(part.view, axes, "DArray.transpose"));
  }

  /**
   * The elements of a contiguous array in another shape: a view. One axis may be -1.
   * @throws StateError `not_contiguous`; ArgumentError `wrong_shape`, `invalid_shape`
   */
  reshape(shape: Shape): DArray<D> {
    const part = this.open("DArray.reshape");
    return this.#viewed(reshaped(part.view, shape, "DArray.reshape"));
  }

  /**
   * A part, as a view: `a.slice(0, "2:5", "...", "::-1")`, by the rules of NumPy's basic indexing; see `Index`.
   * @throws ArgumentError `out_of_bounds`, `invalid_argument`
   */
  slice(...indices: readonly Index[]): DArray<D> {
    const part = this.open("DArray.slice");
    return this.#viewed(select(part.view, indices, "DArray.slice"));
  }

  /**
   * The same memory for work on another stream of the device, which first waits for what is queued on this one.
   * @throws ArgumentError `wrong_device`: an array of the host, a stream of another device
   */
  withStream(stream: Stream): DArray<D> {
    const op = "DArray.withStream";
    const part = this.open(op);
    if (part.stream === undefined || part.stream.device.ordinal !== stream.device.ordinal)
      throw makeError("wrong_device", { op, message: "the array does not lie on the stream's device." });
    if (part.stream !== stream) {
      using event = stream.device.createEvent();
      part.stream.record(event);
      stream.waitEvent(event);
    }
    return adopt({ ...part, storage: part.storage.retain(), stream });
  }

  /** All elements, dense. */
  copy(options: DstOptions<DArray<D>> = {}): DArray<D> {
    return this.#into("copy", this.dtype, options, "DArray.copy");
  }

  /** All elements in one axis: a copy. */
  flatten(options: DstOptions<DArray<D>> = {}): DArray<D> {
    const op = "DArray.flatten";
    const part = this.open(op);
    const { shape } = part.view;
    return result({ ...part, view: denseView(Object.freeze([countOf(part)])) }, part.dtype, options, op, (out) => {
      const step = out.view.strides[0]!;
      const strides = Shape.strides(shape).map((stride) => stride * step);
      elementwise("copy", { ...out, view: { shape, strides, offset: out.view.offset } }, [part], [], op);
    });
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

  /**
   * The elements in row-major order, in new memory or in `dst`. Waits for the stream.
   * @throws ArgumentError `wrong_dtype`, `wrong_shape` of `dst`; DeviceError when work on the stream failed
   */
  toHost(options: DstOptions<TypedArrayOf<D>> = {}): TypedArrayOf<D> {
    return download(this.open("DArray.toHost"), options.dst, "DArray.toHost");
  }

  /** As `toHost`, without blocking. */
  toHostAsync(options: DstOptions<TypedArrayOf<D>> & AsyncWaitOptions = {}): Promise<TypedArrayOf<D>> {
    return downloadAsync(this.open("DArray.toHostAsync"), options, "DArray.toHostAsync");
  }

  /**
   * Writes values of this element type and shape, or as many elements in a bare array. They are there for whatever is queued next.
   * Arrays of JavaScript's heap are yours again at once; a device reads native memory in its turn, so leave that unwritten till then.
   *
   * @throws ArgumentError `wrong_dtype`, `wrong_shape`; StateError `access_denied`
   */
  fromHost(values: TensorInput<D>): this {
    upload(this.writable("DArray.fromHost"), values, "DArray.fromHost");
    return this;
  }

  /** As `fromHost`; resolves when the values are on the device. */
  async fromHostAsync(values: TensorInput<D>, options: AsyncWaitOptions = {}): Promise<this> {
    await uploadAsync(this.writable("DArray.fromHostAsync"), values, options, "DArray.fromHostAsync");
    return this;
  }

  /**
   * Shows the array under a name in the whole job, once what is queued on its stream has been done: `DeviceMemory.publish` with its
   * own shape, strides and element type. The array must lie in plain memory (`CudaDevice.allocate(bytes)`, as `allocation`).
   *
   * @throws ArgumentError `not_shareable`, `invalid_argument` (an array of the host); as `DeviceMemory.publish`
   */
  publish(job: NamedJob, name: string, options: ArrayPublishOptions & WaitOptions = {}): DevicePublication {
    const { memory, described } = publicationOf(this.open("DArray.publish"), options, "DArray.publish");
    return memory.publish(job, name, described);
  }

  /** The same, without blocking. */
  async publishAsync(
    job: NamedJob,
    name: string,
    options: ArrayPublishOptions & AsyncWaitOptions = {},
  ): Promise<DevicePublication> {
    const { memory, described } = publicationOf(this.open("DArray.publishAsync"), options, "DArray.publishAsync");
    return memory.publishAsync(job, name, described);
  }

  #viewed(view: Strided): DArray<D> {
    return adopt({ ...this[arrayPart], storage: this[arrayPart].storage.retain(), view });
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
    return result(part, part.dtype, options, op, (out) => arithmetic(operator, out, part, other, op));
  }

  #into<T extends DType>(
    kernel: KernelName,
    dtype: T,
    options: DstOptions<DArray<T>>,
    op: string,
    scalars: number[] = [],
  ): DArray<T> {
    const part = this.open(op);
    return result(part, dtype, options, op, (out) => elementwise(kernel, out, [part], scalars, op));
  }
}

function adopt<D extends DType>(part: Part<D>): DArray<D> {
  return new DArray(new Adopted(part));
}

/** `dst` after its check, or a new array like `part`, written by `write`. */
function result<D extends DType>(
  part: Part,
  dtype: D,
  { dst }: DstOptions<DArray<D>>,
  op: string,
  write: (out: Part<D>) => void,
): DArray<D> {
  if (dst !== undefined) {
    const out = partOf(dst, "dst", op);
    checkOut(out, { dtype, shape: part.view.shape, stream: part.stream }, op);
    write(out);
    return dst;
  }
  const made = adopt(fresh({ dtype, view: part.view, stream: part.stream }, op));
  try {
    write(made[arrayPart]);
    return made;
  } catch (error) {
    made.close();
    throw error;
  }
}

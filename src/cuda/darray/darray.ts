import { makeError } from "../../native/error.ts";
import type { DType, Shape, TensorInput, TensorSource, TypedArray, TypedArrayOf } from "../../tensor/index.ts";
import type { DevicePublication } from "../published/device-publication.ts";
import type { NamedJob } from "../published/job.ts";
import type { Stream } from "../stream.ts";
import type { AsyncWaitOptions, WaitOptions } from "../waiting.ts";
import { ComputedArray } from "./computed-array.ts";
import { fresh } from "./elementwise.ts";
import { makePart, partOver } from "./make-part.ts";
import type { DArrayOptions, DstOptions, NaturalDType, PlaceOptions } from "./options.ts";
import { Adopted, arrayPart, type Part, partOf } from "./part.ts";
import { type ArrayPublishOptions, publicationOf } from "./publish.ts";
import { type Index, select } from "./selection.ts";
import { reshaped, type Strided, transposed } from "./strided.ts";
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
export class DArray<D extends DType = DType> extends ComputedArray<D> {
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

  /** @internal */
  protected override adopted<T extends DType>(part: Part<T>): DArray<T> {
    return adopt(part);
  }
}

function adopt<D extends DType>(part: Part<D>): DArray<D> {
  return new DArray(new Adopted(part));
}

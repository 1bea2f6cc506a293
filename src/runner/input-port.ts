import {
  type DType,
  elementTypes,
  hasNativeBuffers,
  nativeOwnerOf,
  type Shape,
  type TensorSource,
} from "../tensor/index.ts";
import { type Chunk, strideElements } from "./chunk.ts";
import type { DataDesc } from "./data-desc.ts";
import type { Port } from "./port.ts";

/** A typed array on JavaScript's heap that is known to fit. */
class ArrayInput implements TensorSource {
  readonly memoryKind = "host";
  readonly native = undefined;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly array: Uint8Array;

  constructor(dtype: DType, shape: Shape, array: Uint8Array) {
    this.dtype = dtype;
    this.shape = shape;
    this.array = array;
  }

  get byteLength(): number {
    return this.array.byteLength;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.array.buffer, this.array.byteOffset, this.array.byteLength);
  }
}

/** An input of a model with what makes the usual case fast: 0.1 us where the general check takes 1 to 3. */
export class InputPort {
  readonly desc: DataDesc;
  /** What a request may have; see `Port`. */
  readonly shape: Shape;
  readonly hasRows: boolean;
  readonly #rowElements: number;
  readonly #rowBytes: number;
  readonly #stride: number;
  readonly #prototype: unknown;
  /** The one axis of unknown size, -1 if there is none; undefined if there are several. */
  readonly #openAxis: number | undefined;
  /** Elements of all other axes. */
  readonly #inner: number;
  /** The last answer to `#shapeFor`: sizes seldom change from request to request. */
  #lastShape: Shape | undefined;
  #lastCount = 0;

  constructor(port: Port) {
    this.desc = port.desc;
    this.shape = port.shape;
    this.hasRows = port.rowAxis >= 0;
    this.#rowElements = port.rowElements ?? 0;
    this.#rowBytes = this.#rowElements * elementTypes[port.desc.dtype].size;
    this.#stride = strideElements(port);
    this.#prototype = elementTypes[port.desc.dtype].arrayType.prototype;
    const open = port.shape.filter((size) => size === -1).length;
    this.#openAxis = open > 1 ? undefined : port.shape.indexOf(-1);
    this.#inner = port.shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  }

  /**
   * How many rows a plain array has that fits into a request's own memory; -1: it is none, or has to be looked at more
   * closely.
   */
  rowsOf(input: unknown): number {
    if (input === undefined || input === null || Object.getPrototypeOf(input) !== this.#prototype) return -1;
    const { length } = input as Uint8Array;
    // Nothing, or the remains of memory that was closed: the general check tells.
    if (length === 0 || length > this.#stride) return -1;
    // Looking for the owner makes an ArrayBuffer for a small array that has none yet, which costs 0.7 us.
    if (hasNativeBuffers() && nativeOwnerOf(input as Uint8Array) !== undefined) return -1;
    const rows = length / this.#rowElements;
    return (this.hasRows ? Number.isInteger(rows) : rows === 1) ? rows : -1;
  }

  /** Copies what `rowsOf` has accepted to request `index` of the chunk; `at`: which input it is. Returns its bytes. */
  stage(chunk: Chunk, at: number, index: number, input: unknown, rows: number): number {
    chunk.inputs[at]!.set(input as never, index * this.#stride);
    return this.hasRows ? rows * this.#rowBytes : this.#rowBytes;
  }

  /** The input as a tensor when it is a plain array of this port's kind and of a fitting length, else undefined. */
  fit(input: unknown): TensorSource | undefined {
    if (input === undefined || input === null || Object.getPrototypeOf(input) !== this.#prototype) return undefined;
    const array = input as Uint8Array;
    const shape = this.#shapeFor(array.length);
    if (shape === undefined || nativeOwnerOf(array) !== undefined) return undefined;
    return new ArrayInput(this.desc.dtype, shape, array);
  }

  #shapeFor(count: number): Shape | undefined {
    if (count === 0 || this.#openAxis === undefined) return undefined;
    if (count === this.#lastCount) return this.#lastShape;
    if (this.#openAxis === -1) return count === this.#inner ? this.shape : undefined;
    if (count % this.#inner !== 0) return undefined;
    this.#lastCount = count;
    this.#lastShape = Object.freeze(this.shape.with(this.#openAxis, count / this.#inner));
    return this.#lastShape;
  }
}

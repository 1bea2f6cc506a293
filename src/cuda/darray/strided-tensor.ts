import { makeError } from "../../native/error.ts";
import {
  type DType,
  elementTypes,
  type MemoryKind,
  type NativeRef,
  Shape,
  type TensorSource,
  type TypedArrayOf,
} from "../../tensor/index.ts";
import type { Stream } from "../stream.ts";
import { checkWritable } from "./destination.ts";
import { arrayPart, byteOffsetOf, countOf, type Part } from "./part.ts";
import type { Storage } from "./storage.ts";
import { isDense } from "./strided.ts";
import { download, elementsInPlace } from "./transfer.ts";

/** What an array is before anything is done with it: elements of one type somewhere in a memory that it keeps. */
export abstract class StridedTensor<D extends DType = DType> implements TensorSource<D>, Disposable {
  readonly #part: Part<D>;
  #closed = false;

  /** Owns one reference to the part's storage. */
  protected constructor(part: Part<D>) {
    this.#part = part;
  }

  /** Axis sizes, outermost first. */
  get shape(): Shape {
    return this.#part.view.shape;
  }

  /** Elements (not bytes) to step along each axis. */
  get strides(): readonly number[] {
    return this.#part.view.strides;
  }

  get ndim(): number {
    return this.#part.view.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return countOf(this.#part);
  }

  /** Bytes of all elements. */
  get nbytes(): number {
    return this.size * elementTypes[this.#part.dtype].size;
  }

  /** As `nbytes`: the name of `TensorSource`. */
  get byteLength(): number {
    return this.nbytes;
  }

  get dtype(): D {
    return this.#part.dtype;
  }

  get stream(): Stream | undefined {
    return this.#part.stream;
  }

  get memoryKind(): MemoryKind {
    return this.#part.storage.memoryKind;
  }

  /** The memory that the array lies in, its own or borrowed. Do not close it. */
  get allocation(): Storage["allocation"] {
    return this[arrayPart].storage.allocation;
  }

  /** Bytes from the start of `allocation` to the element whose indices are all 0. */
  get byteOffset(): number {
    return byteOffsetOf(this.#part);
  }

  /** Whether the elements lie in row-major order without gaps. */
  get contiguous(): boolean {
    return isDense(this.#part.view);
  }

  /** For native code; undefined when the elements do not lie in row-major order without gaps. */
  get native(): NativeRef | undefined {
    const part = this.open("DArray.native");
    if (!isDense(part.view)) return undefined;
    const reference = part.storage.native("DArray.native");
    return { ...reference, byteOffset: reference.byteOffset + byteOffsetOf(part) };
  }

  /**
   * The elements in place, of a contiguous array in host memory.
   * @throws StateError `not_contiguous`; ArgumentError `wrong_device`
   */
  get data(): TypedArrayOf<D> {
    return elementsInPlace(this.open("DArray.data"), "DArray.data");
  }

  /** The elements' bytes in row-major order: in place on the host if they lie so, else a copy, which waits for the stream. */
  bytes(): Uint8Array {
    const op = "DArray.bytes";
    const part = this.open(op);
    const elements =
      part.stream === undefined && isDense(part.view) ? elementsInPlace(part, op) : download(part, undefined, op);
    return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Gives the array's reference to its memory back; views keep theirs. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#part.storage.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    const { dtype, view, stream } = this.#part;
    return `DArray(${dtype} ${Shape.format(view.shape)}${stream === undefined ? "" : " on a device"})`;
  }

  /** What the console shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** @internal */
  get [arrayPart](): Part<D> {
    return this.open("DArray");
  }

  /** The part, unless the array was closed. */
  protected open(op: string): Part<D> {
    if (!this.#closed) return this.#part;
    throw makeError("closed", { op, message: "the array was closed." });
  }

  protected writable(op: string): Part<D> {
    const part = this.open(op);
    checkWritable(part, op);
    return part;
  }
}

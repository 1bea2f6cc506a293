import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import {
  asTensor,
  bytesOf,
  convert,
  type DType,
  elementsOf,
  isRawBytes,
  isRawMemory,
  type NativeRef,
  rawBytes,
  Shape,
  type TensorInput,
  type TensorSource,
  type TypedArray,
  type TypedArrayOf,
} from "../tensor/index.ts";
import type { FastIOAllocation, Window } from "./allocation.ts";
import type { FastIOContext } from "./context.ts";
import { unallocated, wrongCount } from "./entry-errors.ts";
import { type EntryDeclaration, type EntryForm, formOf, IOAccess } from "./entry-type.ts";
import { type UpdateShapeOptions, withSizes } from "./update-shape.ts";

export interface EntryOptions {
  readonly access: IOAccess;
  /** The name under which the memory travels; default: the entry's own. */
  readonly publication?: string | undefined;
}

/**
 * A pipeline's input or output in shared memory: declared in the definition, allocated when its shape is known. An
 * output's memory is shown to the job when it is allocated; the consumer starts when the producer has ended. Valid as
 * long as its context; views then have length 0.
 *
 * | | pre-allocated | dynamic |
 * |---|---|---|
 * | when | every axis is positive and the type is no string | otherwise |
 * | memory | before the operator starts | when `updateShape` has made every axis positive |
 * | `updateShape` | throws `entry_preallocated` | returns the new shape |
 */
export class FastIOEntry<D extends DType = DType> implements TensorSource<D> {
  readonly name: string;
  readonly access: IOAccess;
  readonly memoryKind = "shared";
  /** Where a stream lies on disk; undefined for the others. */
  readonly path: string | undefined;
  readonly #form: EntryForm;
  readonly #context: FastIOContext;
  readonly #publication: string;
  #shape: readonly number[];
  #allocation: FastIOAllocation | undefined;

  /** @throws ArgumentError `invalid_argument`, `invalid_dtype`, `invalid_shape` */
  constructor(context: FastIOContext, declaration: EntryDeclaration, options: EntryOptions) {
    this.name = declaration.name;
    this.access = options.access;
    this.path = declaration.path;
    this.#form = formOf(declaration, "FastIOEntry");
    this.#context = context;
    this.#publication = (off("entry_publication") ? undefined : options.publication) ?? declaration.name;
    this.#shape = this.#form.shape;
  }

  /** `"array"` (primitives too), `"string"` or `"stream"`. */
  get kind(): EntryForm["kind"] {
    return this.#form.kind;
  }

  get dtype(): D {
    return this.#form.dtype as D;
  }

  /** The seed's name of `dtype`. */
  get elementType(): D {
    return this.dtype;
  }

  /** As far as it is known: -1 for axes without a size yet. */
  get shape(): readonly number[] {
    this.#find();
    return this.#shape;
  }

  /** The axes that the definition leaves open; the same before and after `updateShape`. */
  get dynamicShapeIndices(): readonly number[] {
    if (off("dynamic_indices")) return [...this.#shape.keys()].filter((axis) => this.#shape[axis] === -1);
    return this.#form.dynamicShapeIndices;
  }

  /** Does the definition leave an axis open? Says nothing about memory. */
  get isDynamic(): boolean {
    if (off("is_dynamic")) return !this.isAllocated;
    return this.#form.dynamicShapeIndices.length > 0;
  }

  /** Allocated from the definition: every axis is fixed and the type is no string. */
  get isPreallocated(): boolean {
    return this.#form.kind === "array" && (!this.isDynamic || off("is_preallocated"));
  }

  get isAllocated(): boolean {
    if (off("is_allocated")) return this.isPreallocated;
    return this.#find() !== undefined;
  }

  /** Bytes of the tensor. @throws StateError `entry_unallocated` */
  get sizeInBytes(): number {
    const allocation = this.#require("FastIOEntry.sizeInBytes");
    return off("entry_size") ? allocation.sizeInBytes : allocation.byteLength;
  }

  get byteLength(): number {
    return this.sizeInBytes;
  }

  /** For native code: the memory in place. @throws StateError `entry_unallocated` */
  get native(): NativeRef {
    return this.#require("FastIOEntry.native").native;
  }

  /**
   * Sets the sizes of dynamic axes and, once every axis is positive, allocates. Nothing changes if it throws. A new
   * shape of an allocated entry is new memory; consumers' views of the old stay valid.
   * @param dimensions axes, counted from zero; fixed ones are left as they are
   * @param newValues their sizes, 1 or more
   * @returns the shape after it
   * @throws StateError `access_denied`, `entry_preallocated`; ArgumentError `invalid_argument`, `fixed_axis` (strict
   * only), `wrong_entry_type`; CapacityError `no_space`
   */
  updateShape(
    dimensions: readonly number[],
    newValues: readonly number[],
    options: UpdateShapeOptions = {},
  ): readonly number[] {
    const op = "FastIOEntry.updateShape";
    this.#requireWritable(op);
    this.#refuseStream(op);
    if (this.isPreallocated && !off("entry_preallocated")) {
      throw makeError("entry_preallocated", { op, message: `"${this.name}" is ${Shape.format(this.#shape)}.` });
    }
    this.#find();
    const shape = withSizes({ name: this.name, form: this.#form, shape: this.#shape }, dimensions, newValues, {
      strict: options.strict === true,
      op,
    });
    const same = this.#allocation !== undefined && Shape.equals(shape, this.#shape);
    if (off("update_shape")) return this.#shape;
    if (off("update_atomic")) this.#shape = shape;
    if (!same && !off("update_allocates") && shape.every((size) => size > 0)) this.#allocate(shape, op);
    this.#shape = shape;
    return shape;
  }

  /**
   * The tensor in place, writable.
   * @throws StateError `access_denied` for inputs, `entry_unallocated`
   */
  map(window?: Window): TypedArrayOf<D> {
    const op = "FastIOEntry.map";
    this.#requireWritable(op);
    return this.#require(op).map(window) as TypedArrayOf<D>;
  }

  /**
   * The tensor, without a copy, in pages private to this thread: a write to it reaches nobody.
   * @throws StateError `entry_unallocated`; ArgumentError `wrong_entry_type` for streams
   */
  getArray(window?: Window): TypedArrayOf<D> {
    return this.#require("FastIOEntry.getArray").getArray(window) as TypedArrayOf<D>;
  }

  /** The tensor's bytes, private as those of `getArray`. */
  getBytes(window?: Window): Uint8Array {
    const op = "FastIOEntry.getBytes";
    const allocation = this.#require(op);
    const offset = checkInteger(window?.offset ?? 0, "offset", op, 0, allocation.byteLength);
    const length = window?.length ?? (off("entry_bytes") ? allocation.sizeInBytes : allocation.byteLength) - offset;
    checkInteger(length, "length", op, 0, allocation.byteLength - offset);
    return allocation.getBytes({ offset, length });
  }

  /** As `TensorSource`. */
  bytes(): Uint8Array {
    return this.getBytes();
  }

  /**
   * Copies values in. Elements (typed arrays, tensors) are converted to the entry's element type; raw bytes
   * (`ArrayBuffer`, `SharedArrayBuffer`, `DataView`, `Buffer`, `TensorMemory`) are taken as they are.
   * @throws StateError `access_denied`, `entry_unallocated`; ArgumentError `wrong_shape`, `wrong_size`
   */
  setValues(values: TensorInput): void {
    const op = "FastIOEntry.setValues";
    this.#requireWritable(op);
    if (isRawMemory(values)) return this.#copyBytes(values[rawBytes], op);
    if (isRawBytes(values) && !off("raw_bytes")) return this.#copyBytes(bytesOf(values), op);
    const target = this.#require(op).map() as TypedArray;
    const source = asTensor(values, { op });
    const elements = elementsOf(source);
    if (elements.length !== target.length && !off("set_values_count")) {
      throw wrongCount({ name: this.name, shape: this.#shape, byteLength: target.byteLength }, source, op);
    }
    if (off("set_values_converts")) return target.set(elements as never);
    convert(elements, { from: source.dtype, to: this.dtype, out: target as TypedArrayOf<D>, op });
    this.#context.countCopy("in", target.byteLength);
  }

  /** Copies raw bytes in, whatever holds them. @throws as `setValues` */
  setBytes(bytes: ArrayBufferView | ArrayBufferLike): void {
    const op = "FastIOEntry.setBytes";
    this.#requireWritable(op);
    this.#copyBytes(bytesOf(bytes), op);
  }

  /** Allocates and fills a string, as UTF-8. @throws StateError `access_denied`; ArgumentError `wrong_entry_type` */
  setText(text: string): void {
    const op = "FastIOEntry.setText";
    this.#requireWritable(op);
    this.#requireString(op);
    const bytes = off("text_utf8") ? Buffer.from(text, "latin1") : new TextEncoder().encode(text);
    this.#allocate([bytes.length], op, (memory) => memory.set(bytes));
    this.#shape = Object.freeze([bytes.length]);
    this.#context.countCopy("in", bytes.length);
  }

  /** The text of a string. @throws StateError `entry_unallocated`; ArgumentError `wrong_entry_type` */
  getText(): string {
    const op = "FastIOEntry.getText";
    this.#requireString(op);
    const bytes = this.#require(op).getArray();
    this.#context.countCopy("out", bytes.byteLength);
    // A byte order mark is text like any other.
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes as Uint8Array);
  }

  /** Allocates from the definition, where it says enough; what `Pipeline` does before an operator starts. */
  preallocate(): void {
    if (off("preallocate")) return;
    if (this.isPreallocated && this.#find() === undefined) this.#allocate(this.#form.shape, "FastIOEntry.preallocate");
  }

  /** The publication that shows the memory, once there is one; its own shape and element type must fit the definition. */
  #find(): FastIOAllocation | undefined {
    if (off("entry_finds")) return this.#allocation;
    if (this.#allocation !== undefined || this.#form.kind === "stream" || this.#context.closed) return this.#allocation;
    const found = this.#context.tryGet(this.#publication);
    if (found === undefined) return undefined;
    const fits = found.dtype === this.dtype && Shape.matches(found.shape, this.#form.shape);
    if (!fits && !off("entry_fits")) {
      const message = `"${this.name}" is declared ${this.dtype} ${Shape.format(this.#form.shape)} and published as ${found.dtype} ${Shape.format(found.shape)}.`;
      found.release();
      throw makeError(found.dtype !== this.dtype ? "wrong_dtype" : "wrong_shape", { op: "FastIOEntry", message });
    }
    this.#allocation = found;
    this.#shape = found.shape;
    return found;
  }

  #require(op: string): FastIOAllocation {
    this.#refuseStream(op);
    // A pre-allocated output without a driver to allocate it is allocated when it is first used.
    if (this.access === IOAccess.ReadWrite) this.preallocate();
    const allocation = this.#find();
    if (allocation !== undefined) return allocation;
    if (off("entry_unallocated")) return this.#context.create(1);
    throw unallocated({ name: this.name, access: this.access, kind: this.#form.kind, shape: this.#shape }, op);
  }

  #allocate(shape: readonly number[], op: string, fill?: (memory: Uint8Array) => void): void {
    const bytes = Shape.byteSize(this.dtype, shape, op);
    const reuse = off("reshape_renews") && this.#allocation !== undefined;
    const allocation = reuse ? this.#allocation! : this.#context.create(Math.max(1, bytes));
    try {
      fill?.(allocation.map() as Uint8Array);
      allocation.setTypeAndDimensions(this.dtype, shape).publish(this.#publication, { replace: true });
    } catch (error) {
      allocation.release();
      throw error;
    }
    if (!reuse) this.#allocation?.release();
    this.#allocation = allocation;
  }

  #copyBytes(bytes: Uint8Array, op: string): void {
    const allocation = this.#require(op);
    if (bytes.length !== allocation.byteLength && !off("set_bytes_size")) {
      const message = `"${this.name}" has ${allocation.byteLength} bytes, ${bytes.length} were given.`;
      throw makeError("wrong_size", { op, message });
    }
    new Uint8Array(allocation.map().buffer, 0, bytes.length).set(bytes);
    this.#context.countCopy("in", bytes.length);
  }

  #requireWritable(op: string): void {
    if (this.access === IOAccess.ReadOnly && !off("access_denied")) {
      throw makeError("access_denied", { op, message: `"${this.name}" is an input.` });
    }
  }

  #requireString(op: string): void {
    if (this.#form.kind === "string" || off("text_kind")) return;
    throw makeError("wrong_entry_type", { op, message: `"${this.name}" is of type ${this.#form.kind}, not string.` });
  }

  #refuseStream(op: string): void {
    if (this.#form.kind !== "stream" || off("stream_refuses")) return;
    const message = `"${this.name}" is a stream at ${this.path ?? "no path"}.`;
    throw makeError("wrong_entry_type", { op, message, hint: "Read and write the files at its path." });
  }
}

import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off } from "../native/switches.ts";
import {
  type DType,
  elementTypes,
  type NativeRef,
  Shape,
  type TensorSource,
  type TypedArrayOf,
} from "../tensor/index.ts";
import { type Attributes, attributesBytesMax, checkDescription, encodeAttributes } from "./metadata.ts";
import { writeName } from "./name.ts";
import type { Reference } from "./reference.ts";

/** A range of bytes, for memory beyond the 4 GiB that one `ArrayBuffer` can hold. */
export interface Window {
  /** Bytes from the start; default 0. For `map`, a multiple of the element size. */
  readonly offset?: number | undefined;
  /** Bytes; default: to the end. */
  readonly length?: number | undefined;
}

export interface PublishOptions {
  /** Show this memory instead of what the name shows now; references to that live on. */
  readonly replace?: boolean | undefined;
  /** Replaces the allocation's own attributes. */
  readonly attributes?: Attributes | undefined;
}

const replaceBit = 0x8000_0000;

/**
 * A reference to shared memory with metadata of its own: element type, dimensions, attributes. Made by
 * `FastIOContext.create` and `get`; both kinds can do the same. The memory lives until the last reference in any process and
 * the last name are gone. All methods throw `closed` after `release`, `free` or the context's `close`.
 */
export class FastIOAllocation<D extends DType = DType> implements TensorSource<D>, Disposable {
  /** Bytes of the memory; the tensor in it may be smaller. */
  readonly sizeInBytes: number;
  readonly memoryKind = "shared";
  readonly #reference: Reference;
  #dtype: D;
  #shape: readonly number[];
  #attributes: Attributes;

  /** @internal Owns the reference. */
  constructor(reference: Reference, description: { dtype: D; shape: readonly number[]; attributes: Attributes }) {
    this.sizeInBytes = reference.sizeInBytes;
    this.#reference = reference;
    this.#dtype = description.dtype;
    this.#shape = description.shape;
    this.#attributes = description.attributes;
    reference.watch(this);
  }

  get dtype(): D {
    return this.#dtype;
  }

  get shape(): readonly number[] {
    return this.#shape;
  }

  /** Bytes of the tensor: element type times dimensions. */
  get byteLength(): number {
    return Shape.byteSize(this.#dtype, this.#shape);
  }

  /** Side information, published with the metadata: JSON of at most 4096 bytes. */
  get attributes(): Attributes {
    return this.#attributes;
  }

  set attributes(attributes: Attributes) {
    encodeAttributes(attributes, "FastIOAllocation.attributes");
    this.#attributes = attributes;
  }

  get released(): boolean {
    return this.#reference.ended;
  }

  /** For native code, which reads what was published, in place, and keeps the memory while it does. */
  get native(): NativeRef {
    const op = "FastIOAllocation.native";
    this.#reference.require(op);
    return { slot: this.#reference.slot, generation: this.#reference.generation, byteOffset: 0 };
  }

  /**
   * Sets what this reference says of the memory; other references keep their own.
   * @throws ArgumentError `invalid_dtype`, `invalid_shape`, `wrong_size` when the memory is too small
   */
  setTypeAndDimensions<const T extends DType>(dtype: T, shape: readonly number[]): FastIOAllocation<T> {
    const op = "FastIOAllocation.setTypeAndDimensions";
    this.#reference.require(op);
    const description = checkDescription(dtype, shape, this.sizeInBytes, op);
    const self = this as unknown as FastIOAllocation<T>;
    if (off("type_and_dimensions")) return self;
    self.#dtype = description.dtype as T;
    self.#shape = description.shape;
    return self;
  }

  /**
   * Shows the memory under a name in the whole job, with a copy of the metadata as it is now.
   * @throws ExistsError `exists` unless `replace`; ArgumentError `invalid_name`, `attributes_too_large`; StateError
   * `freed`; CapacityError `table_full`, `no_space`
   */
  publish(name: string, options: PublishOptions = {}): void {
    const op = "FastIOAllocation.publish";
    this.#reference.require(op);
    const attributes = encodeAttributes(options.attributes ?? this.#attributes, op);
    const nameLength = writeName(name, op);
    const attributesLength =
      attributes === ""
        ? 0
        : writeText(attributes, nameLength, attributesBytesMax, () => makeError("attributes_too_large", { op }));
    const shape = this.#shape;
    for (let axis = 0; axis < shape.length; axis++) block.values[axis] = shape[axis]!;
    // A rank beyond 255 would spill into the other bits; the native side refuses everything above 16.
    const rank = Math.min(shape.length, 255);
    const form = elementTypes[this.#dtype].code | (rank << 8) | (options.replace === true ? replaceBit : 0);
    check(
      native.mr_allocation_publish(
        this.#reference.slot,
        this.#reference.generation,
        nameLength,
        attributesLength,
        form >>> 0,
      ),
      op,
    );
    if (options.attributes !== undefined) this.#attributes = options.attributes;
  }

  /**
   * The memory itself, in place and writable: what is written here, everybody sees. Published tensors are immutable by
   * contract, so write before `publish`. Length 0 once the last reference of this thread is gone for good.
   * @throws ArgumentError `out_of_bounds`, `too_large` above 4 GiB; CapacityError `too_many_mappings`
   */
  map(window?: Window): TypedArrayOf<D> {
    return this.#elements("shared", window, "FastIOAllocation.map");
  }

  /**
   * The tensor, for reading, without a copy. The array is private to this thread: a write to it lands in a page of its
   * own, changes nothing for anyone, and that page no longer follows the producer.
   * @throws as `map`
   */
  getArray(window?: Window): TypedArrayOf<D> {
    return this.#elements("private", window, "FastIOAllocation.getArray");
  }

  /** The memory's bytes, private as those of `getArray`. Throws as `map`. */
  getBytes(window?: Window): Uint8Array {
    const op = "FastIOAllocation.getBytes";
    const { offset, length } = this.#range(window, this.sizeInBytes, op);
    return this.#view("private", offset, length, op);
  }

  /** As `TensorSource`: the bytes of the tensor, for reading. */
  bytes(): Uint8Array {
    return this.#view("private", 0, this.byteLength, "FastIOAllocation.bytes");
  }

  /**
   * Drops this reference. The memory goes with the last reference and name; while a name shows it, this thread keeps
   * it mapped for the next `get`. Twice is fine.
   */
  release(): void {
    this.#reference.release("FastIOAllocation.release");
  }

  /** Drops this reference and hides every name of the memory in the whole job, at once. References elsewhere stay valid. */
  free(): void {
    this.#reference.free("FastIOAllocation.free");
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal Another reference of this thread to the same memory. */
  share(): FastIOAllocation<D> {
    return new FastIOAllocation(this.#reference.share("FastIOAllocation.share"), {
      dtype: this.#dtype,
      shape: this.#shape,
      attributes: this.#attributes,
    });
  }

  #elements(kind: "shared" | "private", window: Window | undefined, op: string): TypedArrayOf<D> {
    const { size, arrayType, name } = elementTypes[this.#dtype];
    const { offset, length } = this.#range(window, this.byteLength, op);
    if (offset % size !== 0 || length % size !== 0) {
      throw makeError("invalid_argument", {
        op,
        message: `offset ${offset} and length ${length} are not whole elements of ${name}.`,
      });
    }
    const bytes = this.#view(kind, offset, length, op);
    return new arrayType(bytes.buffer, bytes.byteOffset, length / size) as TypedArrayOf<D>;
  }

  #view(kind: "shared" | "private", offset: number, length: number, op: string): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#reference.require(op).show({ kind, offset, length, op }, this.#reference);
    return new Uint8Array(buffer, byteOffset, length);
  }

  #range(window: Window | undefined, size: number, op: string): { offset: number; length: number } {
    const offset = checkInteger(window?.offset ?? 0, "offset", op);
    const length = checkInteger(window?.length ?? Math.max(0, size - offset), "length", op);
    if (offset + length > size && !off("out_of_bounds")) {
      throw makeError("out_of_bounds", {
        op,
        message: `${length} bytes at ${offset} reach beyond the ${size} there are.`,
      });
    }
    return { offset, length };
  }
}

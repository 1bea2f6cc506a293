import { bufferBytesMax } from "../native/buffer.ts";
import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { isLogged, log } from "../native/log.ts";
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
import { alignWindow, type SegmentViews, type Source, type ViewCache } from "./views.ts";

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

/** What an allocation needs of its context. */
export interface Owner {
  readonly views: ViewCache;
  readonly closed: boolean;
}

interface Held {
  readonly slot: number;
  readonly generation: number;
  readonly source: Source;
  readonly segment: number;
  readonly views: SegmentViews;
}

const replaceBit = 0x8000_0000;

const forgotten = new FinalizationRegistry<string>((what) => {
  log(
    "warn",
    `${what} was collected without release: its memory stays until the context closes. Declare it with \`using\`.`,
  );
});

/**
 * A reference to shared memory with metadata of its own: element type, dimensions, attributes. Made by
 * `FastIOContext.create` and `get`; both kinds can do the same. The memory lives until the last reference in any process and
 * the last name are gone. All methods throw `closed` after `release`, `free` or the context's `close`.
 */
export class FastIOAllocation<D extends DType = DType> implements TensorSource<D>, Disposable {
  /** Bytes of the memory; the tensor in it may be smaller. */
  readonly sizeInBytes: number;
  readonly memoryKind = "shared";
  readonly #owner: Owner;
  #held: Held | undefined;
  #dtype: D;
  #shape: readonly number[];
  #attributes: Attributes;

  /** @internal Takes the handle that a native call has just returned; its results are in the block. */
  constructor(owner: Owner, slot: number, description: { dtype: D; shape: readonly number[]; attributes: Attributes }) {
    const { results } = block;
    const segment = results[2]!;
    const source = { slot, generation: results[0]! };
    this.#owner = owner;
    this.sizeInBytes = results[1]!;
    this.#held = {
      slot,
      generation: source.generation,
      source,
      segment,
      views: owner.views.retain(segment, results[3]!, source),
    };
    this.#dtype = description.dtype;
    this.#shape = description.shape;
    this.#attributes = description.attributes;
    // Costs as much as the rest of a warm `get`, so only somebody who listens pays for it.
    if (isLogged()) forgotten.register(this, `an allocation of ${this.sizeInBytes} bytes`, this);
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
    return this.#held === undefined || this.#owner.closed;
  }

  /** For native code, which reads what was published, in place, and keeps the memory while it does. */
  get native(): NativeRef {
    const op = "FastIOAllocation.native";
    const { slot, generation } = this.#require(op);
    return { slot, generation, byteOffset: 0 };
  }

  /**
   * Sets what this reference says of the memory; other references keep their own.
   * @throws ArgumentError `invalid_dtype`, `invalid_shape`, `wrong_size` when the memory is too small
   */
  setTypeAndDimensions<const T extends DType>(dtype: T, shape: readonly number[]): FastIOAllocation<T> {
    const op = "FastIOAllocation.setTypeAndDimensions";
    this.#require(op);
    const description = checkDescription(dtype, shape, this.sizeInBytes, op);
    const self = this as unknown as FastIOAllocation<T>;
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
    const held = this.#require(op);
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
    check(native.mr_allocation_publish(held.slot, held.generation, nameLength, attributesLength, form >>> 0), op);
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
    this.#end("FastIOAllocation.release", native.mr_allocation_release);
  }

  /** Drops this reference and hides every name of the memory in the whole job, at once. References elsewhere stay valid. */
  free(): void {
    this.#end("FastIOAllocation.free", native.mr_allocation_free);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal Another reference of this thread to the same memory. */
  share(): FastIOAllocation<D> {
    const op = "FastIOAllocation.share";
    const held = this.#require(op);
    const slot = check(native.mr_allocation_share(held.slot, held.generation), op);
    return new FastIOAllocation(this.#owner, slot, {
      dtype: this.#dtype,
      shape: this.#shape,
      attributes: this.#attributes,
    });
  }

  #end(op: string, call: (slot: number, generation: number) => number): void {
    const held = this.#held;
    if (held === undefined || this.#owner.closed) return;
    const gone = check(call(held.slot, held.generation), op) === 1;
    this.#held = undefined;
    this.#owner.views.release(held.segment, held.views, held.source, gone || off("park"));
    if (isLogged()) forgotten.unregister(this);
  }

  #require(op: string): Held {
    const held = this.#held;
    if (held === undefined || this.#owner.closed) {
      throw makeError("closed", {
        op,
        message: `the ${held === undefined ? "allocation was released" : "context was closed"}.`,
      });
    }
    return held;
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
    const held = this.#require(op);
    if (this.sizeInBytes <= bufferBytesMax) {
      return new Uint8Array(held.views.whole(kind, held, this.sizeInBytes, op), offset, length);
    }
    const { start, size, lead } = alignWindow(offset, length);
    if (size > bufferBytesMax) throw makeError("too_large", { op, message: `${length} bytes were asked for.` });
    return new Uint8Array(held.views.window(kind, held, start, size, op), lead, length);
  }

  #range(window: Window | undefined, size: number, op: string): { offset: number; length: number } {
    const offset = checkInteger(window?.offset ?? 0, "offset", op);
    const length = checkInteger(window?.length ?? Math.max(0, size - offset), "length", op);
    if (offset + length > size) {
      throw makeError("out_of_bounds", {
        op,
        message: `${length} bytes at ${offset} reach beyond the ${size} there are.`,
      });
    }
    return { offset, length };
  }
}

import { type DType, elementTypes, Shape } from "../../tensor/index.ts";
import type { DeviceMemory } from "../device-memory.ts";

/** What a publication says of a tensor on a GPU. */
export interface DeviceTensorDescription<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  /** Bytes from the start of the memory to the element whose indices are all 0. */
  readonly byteOffset: number;
  readonly attributes: { readonly [name: string]: unknown };
}

/**
 * A tensor on a GPU that was fetched by name: the memory, and where in it the elements are. In the process that published it the
 * memory is the original; in another one it is that process's, which waits with freeing it until this is closed, and which may die:
 * from then on the bytes are not promised and what is asked of the memory fails with `owner_lost`.
 */
export class DeviceTensor<D extends DType = DType> implements Disposable {
  readonly name: string;
  readonly memory: DeviceMemory;
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Elements (not bytes) to step along each axis. */
  readonly strides: readonly number[];
  /** Bytes from the start of `memory` to the element whose indices are all 0. */
  readonly byteOffset: number;
  /** As the publisher said. */
  readonly attributes: { readonly [name: string]: unknown };

  /** @internal Owns the memory. */
  constructor(name: string, memory: DeviceMemory, description: DeviceTensorDescription<D>) {
    this.name = name;
    this.memory = memory;
    this.dtype = description.dtype;
    this.shape = description.shape;
    this.strides = description.strides;
    this.byteOffset = description.byteOffset;
    this.attributes = description.attributes;
  }

  /** Bytes of all elements; strides may spread them further, or lay one over the other. */
  get byteLength(): number {
    return Shape.elementCount(this.shape) * elementTypes[this.dtype].size;
  }

  /** Whether streams and kernels are kept from writing to it. */
  get readOnly(): boolean {
    return this.memory.readOnly;
  }

  get closed(): boolean {
    return this.memory.closed;
  }

  /**
   * Throws when the process that published it has ended. Called after the bytes have been read, it says whether they were the
   * publisher's.
   *
   * @throws NotFoundError `owner_lost`; StateError `closed`
   */
  requireOwner(): void {
    this.memory.requireOwner("DeviceTensor.requireOwner");
  }

  /** Gives the memory back when all that was asked of it has been done. Twice is fine. */
  close(): void {
    this.memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

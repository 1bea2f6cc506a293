import type { DType, TypedArray } from "./dtype.ts";
import type { RawMemory } from "./raw-bytes.ts";

/** Where the bytes are: JavaScript's heap or plain native memory, shared memory, page-locked memory, a device. */
export const MemoryKind = { host: "host", shared: "shared", pinned: "pinned", device: "device" } as const;
export type MemoryKind = (typeof MemoryKind)[keyof typeof MemoryKind];

/** A place in native memory: a handle of the boundary and an offset into what it names. */
export interface NativeRef {
  readonly slot: number;
  readonly generation: number;
  /** Bytes from the start of the native object's memory. */
  readonly byteOffset: number;
}

/**
 * A tensor for reading, whoever owns it: dense, row-major, little-endian. Every call that takes tensors takes these.
 * Memory stays with its owner; who needs it beyond the call copies it, or keeps the native object alive.
 */
export interface TensorSource<D extends DType = DType> {
  readonly dtype: D;
  /** Axis sizes, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly memoryKind: MemoryKind;
  /** Bytes of all elements. */
  readonly byteLength: number;
  /**
   * The elements' bytes, in place and for reading only; length 0 once the owner is closed.
   * @throws StateError `closed`, when the owner prefers to say so.
   */
  bytes(): Uint8Array;
  /** Set when the memory is owned by the native side, which then reads it without a copy. */
  readonly native?: NativeRef | undefined;
}

/** Bytes without an element type: these, and Node's `Buffer`. A `Uint8Array` is not among them: it is elements. */
export type RawBytes = ArrayBuffer | SharedArrayBuffer | DataView | Buffer;

/** Data with what a bare array cannot say: its shape, and the element type of bit patterns and raw bytes. */
export interface TensorData<D extends DType = DType> {
  readonly data: TypedArray | RawBytes | RawMemory;
  readonly shape?: readonly number[] | undefined;
  readonly dtype?: D | undefined;
}

/** What every call accepts as a tensor. */
export type TensorInput<D extends DType = DType> = TensorSource<D> | TensorData<D> | TypedArray | RawBytes | RawMemory;

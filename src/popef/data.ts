import type { MemoryKind, NativeRef } from "../tensor/index.ts";

/**
 * Bytes in a file or in memory, belonging to the `Model` or `Reader` that gave them. Nothing is read from a file before
 * `bytes()` or `native` is looked at; then it is mapped, copy on write: what is written stays in this process, and is lost
 * with the mapping. A file has no padding, so the bytes may begin anywhere: as a `Float32Array`, they may need a copy.
 */
export interface PopefData extends Disposable {
  readonly byteLength: number;
  /**
   * The bytes, in place; length 0 once their owner is closed.
   * @throws StateError `closed`; ArgumentError `too_large`: 4 GiB and more, see `window`; CapacityError `too_many_mappings`;
   * for a compressed executable also what `Executable.data` says.
   */
  bytes(): Uint8Array<ArrayBuffer>;
  /** Where they lie in native memory. Throws as `bytes` does. */
  readonly native: NativeRef & { readonly memoryKind: MemoryKind };
  /**
   * A part of them: how data of 4 GiB and more is reached.
   * @throws ArgumentError `out_of_bounds`; StateError `closed`
   */
  window(byteOffset: number, byteLength: number): PopefData;
  /**
   * The same bytes with a life of their own: they stay when the `Model` or `Reader` is closed, until they are closed.
   * @throws StateError `closed`
   */
  standalone(): PopefData;
  /** Gives the mapping back early. The next look maps anew; what came from `standalone` is closed for good. */
  close(): void;
}

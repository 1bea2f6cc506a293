import type { MemoryKind, NativeRef } from "../tensor/index.ts";

/**
 * Bytes in a file or in memory, belonging to the `Model` or `Reader` that gave them. Nothing is read from a file before
 * `bytes()` or `native` is looked at; then it is mapped, copy on write.
 */
export interface PopefData {
  readonly byteLength: number;
  /**
   * The bytes, in place, for reading.
   * @throws StateError `closed`; ArgumentError `too_large`: 4 GiB and more, see `window`; CapacityError `too_many_mappings`.
   */
  bytes(): Uint8Array;
  /** Where they lie in native memory. Throws as `bytes` does. */
  readonly native: NativeRef & { readonly memoryKind: MemoryKind };
  /**
   * A part of them: how data of 4 GiB and more is reached.
   * @throws ArgumentError `out_of_bounds`
   */
  window(byteOffset: number, byteLength: number): PopefData;
}

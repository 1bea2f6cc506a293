import { block } from "../native/library.ts";

/** What a device has been asked since it was opened first in this process, by all threads. */
export interface CudaStats {
  /** Copies asked for. */
  readonly copiesAsked: number;
  /** Copies that the driver was asked for: neighbours are joined into one. */
  readonly copiesSubmitted: number;
  readonly bytesToDevice: number;
  readonly bytesToHost: number;
  readonly bytesOnDevice: number;
  readonly fills: number;
  readonly launches: number;
  readonly eventsRecorded: number;
  readonly eventsAwaited: number;
  /** Calls of the driver that allocated memory of the device. */
  readonly allocations: number;
  /** Calls of the driver that freed it. */
  readonly frees: number;
  /** Bytes of the device's memory that are allocated now. */
  readonly bytesAllocated: number;
  /** Bytes of `PinnedMemory` now. */
  readonly bytesPinned: number;
  /** Bytes of registered memory now. */
  readonly bytesRegistered: number;
}

/** In the order of `zig/cuda/counters.zig`. */
const names: readonly (keyof CudaStats)[] = [
  "copiesAsked",
  "copiesSubmitted",
  "bytesToDevice",
  "bytesToHost",
  "bytesOnDevice",
  "fills",
  "launches",
  "eventsRecorded",
  "eventsAwaited",
  "allocations",
  "frees",
  "bytesAllocated",
  "bytesPinned",
  "bytesRegistered",
];

export function readStats(): CudaStats {
  return Object.fromEntries(names.map((name, index) => [name, block.results[index]!])) as unknown as CudaStats;
}

import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { waitJob } from "../native/jobs.ts";
import { block, native } from "../native/library.ts";
import type { NativeRef } from "../tensor/index.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { Stream } from "./stream.ts";

export interface PoolOptions {
  /** Bytes that the pool gives out at most; Infinity, the default: as many as there are. */
  readonly limitBytes?: number | undefined;
  /** Bytes that stay with the pool when they have been given back; Infinity, the default: all. */
  readonly releaseThresholdBytes?: number | undefined;
}

export interface PoolStats {
  /** Bytes given out now. */
  readonly usedBytes: number;
  /** The most that were given out at a time. */
  readonly highBytes: number;
  /** Bytes that the driver holds for the pool, used or not. */
  readonly reservedBytes: number;
  /** Infinity: no limit. */
  readonly limitBytes: number;
}

/** What a pool needs of its device. */
export interface PoolDevice {
  readonly native: NativeRef;
  allocate(byteLength: number, options: { readonly stream: Stream }): DeviceMemory;
}

/**
 * A device's pool of memory, one for the whole process: taking memory and giving it back is done in the order of a stream and stops
 * nothing else. Where the driver has no pools (before CUDA 11.2), plain memory is counted in its place.
 */
export class MemoryPool {
  readonly #device: PoolDevice;

  /** @internal */
  constructor(device: PoolDevice) {
    this.#device = device;
  }

  /** As `device.allocate(byteLength, { stream })`. */
  allocate(byteLength: number, stream: Stream): DeviceMemory {
    return this.#device.allocate(byteLength, { stream });
  }

  /** Changes what is given; for the whole process. @throws ArgumentError `invalid_argument` */
  configure(options: PoolOptions): void {
    const op = "MemoryPool.configure";
    const limit = amount(options.limitBytes, "limitBytes", op);
    const threshold = amount(options.releaseThresholdBytes, "releaseThresholdBytes", op);
    const { slot, generation } = this.#device.native;
    waitJob(
      () => native.mr_cuda_pool_configure(slot, generation, limit, threshold),
      () => {},
      op,
    );
  }

  stats(): PoolStats {
    const { slot, generation } = this.#device.native;
    const read = (): PoolStats => ({
      usedBytes: block.results[0]!,
      highBytes: block.results[1]!,
      reservedBytes: block.results[2]!,
      limitBytes: block.results[3]!,
    });
    return waitJob(() => native.mr_cuda_pool_stats(slot, generation), read, "MemoryPool.stats");
  }

  /** Gives back to the driver what nobody uses, but for `keepBytes`. @throws ArgumentError `invalid_argument` */
  trim(keepBytes = 0): void {
    const op = "MemoryPool.trim";
    checkInteger(keepBytes, "keepBytes", op);
    const { slot, generation } = this.#device.native;
    waitJob(
      () => native.mr_cuda_pool_trim(slot, generation, keepBytes),
      () => {},
      op,
    );
  }
}

/** -1: not given. */
function amount(bytes: number | undefined, what: string, op: string): number {
  if (bytes === undefined) return -1;
  if (bytes === Number.POSITIVE_INFINITY) return bytes;
  if (typeof bytes !== "number" || !(bytes >= 0)) {
    throw makeError("invalid_argument", {
      op,
      message: `${what} is ${String(bytes)}, not a number of bytes or Infinity.`,
    });
  }
  return checkInteger(bytes, what, op);
}

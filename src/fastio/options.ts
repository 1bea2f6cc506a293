import type { DType } from "../tensor/index.ts";
import type { PublishOptions } from "./allocation.ts";

export interface ContextOptions {
  /** Where shared memory is kept: a tmpfs. Default: `MILLRACE_SHM_DIR`, else `/dev/shm`. All processes of a job agree on it. */
  readonly dir?: string | undefined;
  /** Most bytes of freed memory that this process keeps for its next `create`; default 256 MiB. */
  readonly recycleBytesMax?: number | undefined;
}

export interface CreateOptions {
  /** Leaves recycled memory as it is, instead of zeroing it. Only bytes of this job are ever seen. */
  readonly uninitialized?: boolean | undefined;
}

export interface TensorOptions<D extends DType = DType> extends CreateOptions {
  readonly dtype: D;
  readonly shape: readonly number[];
}

export interface GetOptions<D extends DType = DType> {
  /** The element type required; another throws `wrong_dtype`. */
  readonly dtype?: D | undefined;
}

export interface PublishArrayOptions extends PublishOptions {
  /** Of raw bytes and bit patterns, which do not say it themselves. */
  readonly dtype?: DType | undefined;
  readonly shape?: readonly number[] | undefined;
}

export interface WaitOptions<D extends DType = DType> extends GetOptions<D> {
  /** Gives up with `deadline`; default: never. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ContextStats {
  readonly publications: number;
  /** Allocations that somebody holds or a name shows, and their bytes. */
  readonly allocations: number;
  readonly bytes: number;
  /** Memory kept for the next `create`. */
  readonly recyclable: number;
  readonly recyclableBytes: number;
  /** Processes that have the context open. */
  readonly processes: number;
  /** Totals of the job: bytes published, and bytes that Millrace copied into and out of shared memory. */
  readonly bytesPublished: number;
  readonly bytesCopiedIn: number;
  readonly bytesCopiedOut: number;
}

import { checkInteger } from "../native/check.ts";
import { requireDriver } from "./driver.ts";
import type { Stream } from "./stream.ts";

/** Which driver to use; see `docs/cuda.md`. */
export interface CudaDriverOptions {
  /** The driver's library. Default: what `MILLRACE_CUDA` says, or `libcuda.so.1`. The first choice stays for the process. */
  readonly libraryPath?: string | undefined;
}

export interface CudaDeviceOptions extends CudaDriverOptions {
  /** The GPU's number. Default 0. */
  readonly ordinal?: number | undefined;
}

/** How memory of a device is allocated. */
export interface AllocateOptions {
  /** From the device's pool, in the order of this stream. Default: plain memory, which other processes can open. */
  readonly stream?: Stream | undefined;
}

export interface RegisterOptions {
  /** The device only reads it. Default false. */
  readonly readOnly?: boolean | undefined;
}

const ordinalMax = 0xffff;

/** Sees to it that there is a driver; gives the GPU's number. @throws ArgumentError `invalid_argument`; as `requireDriver` */
export function prepareOpen(which: number | CudaDeviceOptions, op: string): number {
  const options = typeof which === "number" ? { ordinal: which } : (which ?? {});
  const ordinal = checkInteger(options.ordinal ?? 0, "the GPU's number", op, 0, ordinalMax);
  requireDriver(options.libraryPath, op);
  return ordinal;
}

/**
 * What simulated GPUs copied, in bytes. Direct: the host's memory was page-locked, and the device read or wrote it itself.
 * Staged: it was not, and the driver copied it once more.
 */
export interface GpuTransfers {
  readonly toDeviceDirect: number;
  readonly toDeviceStaged: number;
  readonly toHostDirect: number;
  readonly toHostStaged: number;
  readonly withinDevice: number;
  /** How many kernels were launched. */
  readonly kernels: number;
}

/** @internal From numbers in the order of `Transfers` in `zig/sim/cuda/interface.zig`. */
export function transfersOf(numbers: ArrayLike<number>): GpuTransfers {
  return {
    toDeviceDirect: numbers[0]!,
    toDeviceStaged: numbers[1]!,
    toHostDirect: numbers[2]!,
    toHostStaged: numbers[3]!,
    withinDevice: numbers[4]!,
    kernels: numbers[5]!,
  };
}

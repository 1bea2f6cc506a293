import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { type GpuTransfers, transfersOf } from "./gpu-transfers.ts";

/** How a call of the CUDA driver fails. Those up to `DeviceLost` are sticky: the device's context is lost with them. */
export const GpuFault = {
  /** `CUDA_ERROR_ILLEGAL_ADDRESS`. */
  IllegalAddress: "illegalAddress",
  /** `CUDA_ERROR_LAUNCH_TIMEOUT`. */
  LaunchTimeout: "launchTimeout",
  /** `CUDA_ERROR_LAUNCH_FAILED`. */
  LaunchFailed: "launchFailed",
  /** As `LaunchFailed`; what is more, nobody gets a context of the device any more. */
  DeviceLost: "deviceLost",
  /** `CUDA_ERROR_OUT_OF_MEMORY`. */
  OutOfMemory: "outOfMemory",
  /** `CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES`. */
  LaunchOutOfResources: "launchOutOfResources",
  /** `CUDA_ERROR_INVALID_VALUE`. */
  InvalidValue: "invalidValue",
  /** `CUDA_ERROR_NOT_PERMITTED`. */
  NotPermitted: "notPermitted",
  /** `CUDA_ERROR_NOT_SUPPORTED`. */
  NotSupported: "notSupported",
  /** `CUDA_ERROR_UNKNOWN`. */
  Unknown: "unknown",
} as const;
export type GpuFault = (typeof GpuFault)[keyof typeof GpuFault];

/** Which calls of which function a plan is about. */
export interface GpuCall {
  /** A function of the driver by its name in the documentation, without a version: `"cuMemAlloc"`. */
  readonly call: string;
  /** The k-th call from now, from 1 (default). */
  readonly at?: number | undefined;
  /** How many calls from there on. */
  readonly times?: number | undefined;
  /** Only calls on behalf of this device. */
  readonly device?: number | undefined;
  /**
   * Not the call but the stream: the call succeeds, and what it put on the stream fails or is late when the stream gets there. The
   * next call that asks how far the stream has come returns the error; every call does, if it is sticky. For copies, fills, launches,
   * events and memory of pools.
   */
  readonly asynchronous?: boolean | undefined;
}

export interface GpuFaultPlan extends GpuCall {
  /** A name, or the number of a `CUresult`. */
  readonly error: GpuFault | number;
  /** Whether the device's context is lost with it. Default: what the error is by itself. */
  readonly sticky?: boolean | undefined;
  /** What the driver says; up to 239 bytes. Not of asynchronous plans. */
  readonly message?: string | undefined;
  /** Milliseconds before it fails. */
  readonly delayMs?: number | undefined;
}

const results: Readonly<Record<GpuFault, number>> = {
  illegalAddress: 700,
  launchTimeout: 702,
  launchFailed: 719,
  deviceLost: 719,
  outOfMemory: 2,
  launchOutOfResources: 701,
  invalidValue: 1,
  notPermitted: 800,
  notSupported: 801,
  unknown: 999,
};
const numberMax = 0xffff_ffff;
const resultMax = 0x7fff_ffff;
const delayMsMax = 3_600_000;
const callBytesMax = 64;
const messageBytesMax = 239;

/** What is to go wrong with simulated GPUs, and what was asked of them. Plans are independent of each other. */
export class SimulatedGpus {
  readonly #native: { readonly slot: number; readonly generation: number };

  /** @internal */
  constructor(native: { readonly slot: number; readonly generation: number }) {
    this.#native = native;
  }

  /**
   * A call of the driver fails: `{ call: "cuMemAlloc", at: 2, error: "outOfMemory" }`. Once, unless `times` says otherwise.
   *
   * @throws ArgumentError `invalid_argument`
   */
  fail(plan: GpuFaultPlan): void {
    const op = "SimulatedGpus.fail";
    const result = typeof plan.error === "number" ? plan.error : results[plan.error];
    if (result === undefined) {
      const message = `the error is ${String(plan.error)}, not one of ${Object.keys(results).join(", ")}.`;
      throw makeError("invalid_argument", { op, message });
    }
    const { message, delayMs, sticky } = plan;
    checkInteger(result, "the error", op, 1, resultMax);
    this.#plan(
      { ...plan, times: plan.times ?? 1, result, message, delayMs, sticky, lost: plan.error === "deviceLost" },
      op,
    );
  }

  /**
   * Calls of the driver take longer, or with `asynchronous` streams do: all that come, unless `times` says otherwise.
   *
   * @throws ArgumentError `invalid_argument`
   */
  delay(plan: GpuCall & { readonly delayMs: number }): void {
    this.#plan({ ...plan, times: plan.times ?? 0 }, "SimulatedGpus.delay");
  }

  /** What an operator does: no plans, no device in error, none lost. What a lost context had is gone with it. */
  repair(): void {
    check(native.mr_cuda_simulation_repair(this.#native.slot, this.#native.generation), "SimulatedGpus.repair");
  }

  /**
   * How often a function of the driver was called since the simulation began, by whomever in this process. A device's own thread makes
   * the calls: what streams have been given is counted once they are synchronised.
   *
   * @throws ArgumentError `invalid_argument`
   */
  calls(call: string): number {
    const op = "SimulatedGpus.calls";
    const { slot, generation } = this.#native;
    check(native.mr_cuda_simulation_calls(slot, generation, writeCall(call, op)), op);
    return block.results[0]!;
  }

  /** What was copied since the simulation began; see `calls`. */
  transfers(): GpuTransfers {
    const { slot, generation } = this.#native;
    check(native.mr_cuda_simulation_transfers(slot, generation), "SimulatedGpus.transfers");
    return transfersOf(block.results);
  }

  #plan(entry: Entry, op: string): void {
    const number = (value: number | undefined, what: string, min = 0, max = numberMax) =>
      checkInteger(value ?? min, what, op, min, max);
    const values = [
      number(entry.at, "the call", 1),
      number(entry.times, "times"),
      entry.device === undefined ? -1 : number(entry.device, "device"),
      entry.result ?? 0,
      Number(entry.asynchronous ?? false),
      Number(entry.sticky ?? false),
      Number(entry.lost ?? false),
      Math.ceil(number(entry.delayMs, "delayMs", 0, delayMsMax) * 1000),
    ];
    const nameBytes = writeCall(entry.call, op);
    const messageBytes = writeText(entry.message ?? "", nameBytes, messageBytesMax, () =>
      makeError("invalid_argument", { op, message: `the message has more than ${messageBytesMax} bytes.` }),
    );
    block.values.set(values);
    check(native.mr_cuda_simulation_plan(this.#native.slot, this.#native.generation, nameBytes, messageBytes), op);
  }
}

interface Entry extends GpuCall {
  readonly result?: number | undefined;
  readonly sticky?: boolean | undefined;
  readonly lost?: boolean | undefined;
  readonly message?: string | undefined;
  readonly delayMs?: number | undefined;
}

function writeCall(call: string, op: string): number {
  return writeText(String(call), 0, callBytesMax, () =>
    makeError("invalid_argument", { op, message: `${call} is no function of the driver.` }),
  );
}

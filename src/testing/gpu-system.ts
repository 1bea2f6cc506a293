import { writePath } from "../device/driver.ts";
import { check, checkInteger, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { nativeFolder } from "../native/library-path.ts";
import { logChoice } from "../native/log.ts";
import { cudaSimulatorName, nativeTarget } from "../native/platform.ts";
import type { Handle } from "./simulation.ts";

/** Simulated GPUs, all alike. */
export interface GpuSystem {
  /** 0 to 16. */
  readonly devices: number;
  /** Of each; default 16 GiB. It takes as much of the host's as is written to. */
  readonly memoryBytes?: number | undefined;
  /** Default `"9.0"`. */
  readonly computeCapability?: string | undefined;
  /** The newest CUDA that the driver knows; default `"12.8"`. */
  readonly driverVersion?: string | undefined;
  /** Default: one that says that it is simulated. */
  readonly name?: string | undefined;
  /** Whether memory can be allocated on streams, from pools. Default true. */
  readonly memoryPools?: boolean | undefined;
  /** Whether memory that the process cannot write can be page-locked. Default true. */
  readonly readOnlyRegistration?: boolean | undefined;
  /** Whether memory and events can be given to other processes. Default true. */
  readonly ipc?: boolean | undefined;
}

const defaults = {
  memoryBytes: 16 * 2 ** 30,
  computeCapability: "9.0",
  driverVersion: "12.8",
  name: "",
  memoryPools: true,
  readOnlyRegistration: true,
  ipc: true,
};
const devicesMax = 16;
const nameBytesMax = 63;
/** `Feature` of `zig/sim/cuda/interface.zig`. */
const features = { memoryPools: 1, readOnlyRegistration: 2, ipc: 4 } as const;

/** @internal Begins a simulation; gives its handle. */
export function beginGpus(wanted: number | GpuSystem, op: string): Handle {
  const given = typeof wanted === "number" ? { devices: wanted } : wanted;
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const system = { ...defaults, ...present } as typeof defaults & GpuSystem;
  const devices = checkInteger(system.devices, "cuda", op, 0, devicesMax);
  const capability = versionOf(system.computeCapability, "computeCapability", op);
  const version = versionOf(system.driverVersion, "driverVersion", op);
  const missing = Object.entries(features).reduce(
    (bits, [feature, bit]) => bits | (system[feature as keyof typeof features] ? 0 : bit),
    0,
  );
  block.values[0] = checkInteger(system.memoryBytes, "memoryBytes", op);
  const path = `${nativeFolder(op)}/${cudaSimulatorName(nativeTarget())}`;
  const pathBytes = writePath(path, op);
  const nameBytes = writeText(String(system.name), pathBytes, nameBytesMax, () =>
    makeError("invalid_argument", { op, message: `the devices' name is longer than ${nameBytesMax} bytes.` }),
  );
  const slot = check(
    native.mr_cuda_simulation_begin(
      pathBytes,
      nameBytes,
      devices,
      10 * capability.major + capability.minor,
      1000 * version.major + 10 * version.minor,
      missing,
    ),
    op,
  );
  const generation = block.results[0]!;
  logChoice(`CUDA driver ${path}: simulated, as simulate() says`);
  return { slot, generation };
}

function versionOf(text: string, what: string, op: string): { major: number; minor: number } {
  const [, major, minor] = /^(\d{1,2})\.(\d)$/.exec(text) ?? [];
  if (major === undefined) {
    throw makeError("invalid_argument", { op, message: `${what} is ${String(text)}, not a version such as "9.0".` });
  }
  return { major: Number(major), minor: Number(minor) };
}

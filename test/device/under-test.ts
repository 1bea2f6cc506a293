// What the devices of this run come from. `bun run test` runs the suites of devices three times: over the simulator, and with
// the Poplar shim and what looks like an SDK, of version 2 and of version 3, between.

import { simulatorPath as pathFor } from "../../src/device/driver.ts";
import { type Device, DeviceManager } from "../../src/device/index.ts";

export const simulatorPath = pathFor("test");
export const throughShim = process.env["MILLRACE_SIMULATOR"] !== undefined;
const early = simulatorPath.includes("/look-alike-2");

/** Poplar does not say why a device cannot be attached to; the shim knows what this process has. */
export const tellsWhyRefused = !throughShim;
/** Early SDKs cannot end a run before its program ends. */
export const canStopAnywhere = !early;
/** Early SDKs check the package hash whether one wants it or not. */
export const canSkipPackageHash = !early;

/** Where programs run that need no device in particular: on the processor, or through the shim on a model of an IPU. */
export function anyDevice(): Device {
  const manager = new DeviceManager();
  return throughShim ? manager.createIpuModelDevice(1) : manager.createCpuDevice();
}

import { resolve } from "node:path";
import { check, readText, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { native } from "../native/library.ts";
import { nativeFolder } from "../native/library-path.ts";
import { logChoice } from "../native/log.ts";
import { isFile, nativeTarget, simulatorName } from "../native/platform.ts";

const variable = "MILLRACE_POPLAR";
const simulatorVariable = "MILLRACE_SIMULATOR";
/** From the folder of this machine's libraries. */
const poplarShim = "../poplar/libmillrace_poplar.so";
const pathBytesMax = 4095;

/** Why a driver is the one that is used. */
export const reasons = {
  named: `as ${variable} says`,
  built: "the Poplar shim that was built here",
  none: "models of IPUs only, there is no Poplar shim",
  simulated: "simulated, as simulate() says",
} as const;

/**
 * Sees to it that there is a device driver: the library that `MILLRACE_POPLAR` names, or the Poplar shim, or the
 * simulator without any IPU, whose models work everywhere. A simulation under way takes the place of all of them.
 *
 * @throws DeviceError `driver_unusable`
 */
export function requireDriver(op: string): void {
  if (check(native.mr_device_ready(), op) === 1) return;
  const { path, reason, standsIn = false } = find(op);
  const version = readText(0, check(native.mr_device_driver(writePath(path, op), Number(standsIn)), op));
  logChoice(`device driver ${path} (${version}): ${reason}`);
}

/** The library that simulates IPUs: the one that `MILLRACE_SIMULATOR` names, or the one beside ours. */
export function simulatorPath(op: string): string {
  const named = process.env[simulatorVariable];
  return named ? resolve(named) : `${nativeFolder(op)}/${simulatorName(nativeTarget())}`;
}

/** Where a Poplar shim is, if one was built. */
export function shimPath(op: string): string {
  return resolve(nativeFolder(op), poplarShim);
}

/** Leaves a path in the block's text; returns its bytes. */
export function writePath(path: string, op: string): number {
  return writeText(path, 0, pathBytesMax, () =>
    makeError("driver_unusable", { op, message: `a path of ${path.length} characters is too long.` }),
  );
}

interface Choice {
  readonly path: string;
  readonly reason: string;
  /** There is nothing that drives IPUs. */
  readonly standsIn?: boolean;
}

function find(op: string): Choice {
  const named = process.env[variable];
  if (named) return { path: resolve(named), reason: reasons.named };
  const shim = shimPath(op);
  if (isFile(shim)) return { path: shim, reason: reasons.built };
  return { path: simulatorPath(op), reason: reasons.none, standsIn: true };
}

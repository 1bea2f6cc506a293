import { resolve } from "node:path";
import { check, readText, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { native } from "../native/library.ts";
import { nativeFolder } from "../native/library-path.ts";
import { logChoice } from "../native/log.ts";
import { isFile, nativeTarget, simulatorName } from "../native/platform.ts";

const variable = "MILLRACE_POPLAR";
const poplarShim = "libmillrace-poplar.so";
const pathBytesMax = 4095;

/**
 * Sees to it that there is a device driver: the library that `MILLRACE_POPLAR` names, or a Poplar shim beside ours, or the
 * simulator without any IPU, whose models work everywhere. A simulation under way takes the place of all of them.
 *
 * @throws DeviceError `driver_unusable`
 */
export function requireDriver(op: string): void {
  if (check(native.mr_device_ready(), op) === 1) return;
  const { path, reason } = find(op);
  const version = readText(0, check(native.mr_device_driver(writePath(path, op)), op));
  logChoice(`device driver ${path} (${version}): ${reason}`);
}

/** Leaves a path in the block's text; returns its bytes. */
export function writePath(path: string, op: string): number {
  return writeText(path, 0, pathBytesMax, () =>
    makeError("driver_unusable", { op, message: `a path of ${path.length} characters is too long.` }),
  );
}

function find(op: string): { readonly path: string; readonly reason: string } {
  const named = process.env[variable];
  if (named) return { path: resolve(named), reason: `as ${variable} says` };
  const folder = nativeFolder(op);
  const shim = `${folder}/${poplarShim}`;
  if (isFile(shim)) return { path: shim, reason: "the Poplar shim beside the native library" };
  return { path: `${folder}/${simulatorName(nativeTarget())}`, reason: "models of IPUs only, there is no Poplar shim" };
}

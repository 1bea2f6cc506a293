import { check, writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { native } from "../native/library.ts";
import { logChoice } from "../native/log.ts";

const variable = "MILLRACE_CUDA";
const installed = "libcuda.so.1";
const pathBytesMax = 4095;

/**
 * Sees to it that there is a CUDA driver: the library given, or the one that `MILLRACE_CUDA` names, or the installed one. The first
 * choice stays for the process; a simulation under way takes its place.
 *
 * @throws NotFoundError `cuda_missing`; DeviceError `driver_unusable`
 */
export function requireDriver(given: string | undefined, op: string): void {
  if (given === undefined && check(native.mr_cuda_device_ready(), op) === 1) return;
  const { path, reason } = find(given);
  const length = writeText(path, 0, pathBytesMax, () =>
    makeError("cuda_missing", { op, message: `a path of ${path.length} characters is too long.` }),
  );
  const version = check(native.mr_cuda_device_driver(length), op);
  logChoice(`CUDA driver ${path} (${Math.trunc(version / 1000)}.${Math.trunc((version % 1000) / 10)}): ${reason}`);
}

function find(given: string | undefined): { readonly path: string; readonly reason: string } {
  if (given !== undefined) return { path: given, reason: "as the option says" };
  const named = process.env[variable];
  if (named) return { path: named, reason: `as ${variable} says` };
  return { path: installed, reason: "the installed one" };
}

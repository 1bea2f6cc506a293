import { MillraceError, makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import { currentDriver } from "./device-driver.ts";

const hint =
  "Nothing here drives IPUs: build the Poplar shim with POPLAR_SDK=… bun run build:poplar (docs/poplar.md), or ask for a model with createIpuModelDevice, or for IPUs of a test with simulate.";

/** The error of somebody who asked for an IPU where nothing drives IPUs, with what is missing; others as they are. */
export function withMissingDriver(error: unknown, op: string): unknown {
  const noDevice =
    error instanceof MillraceError && (error.code === "device_unavailable" || error.code === "device_not_found");
  if (!noDevice || off("device_missing_driver") || currentDriver(op).kind !== "models") return error;
  return makeError(error.code, { op, message: "this system has no IPUs that Millrace could use.", hint });
}

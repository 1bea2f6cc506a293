import { makeError } from "./error.ts";

/** By shape, not by class: test environments replace `AbortSignal`. @throws ArgumentError `invalid_argument` */
export function checkSignal(signal: AbortSignal | undefined, op: string): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const { addEventListener, removeEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof addEventListener === "function" && typeof removeEventListener === "function") return signal;
  throw makeError("invalid_argument", { op, message: `the signal is ${String(signal)}, not an AbortSignal.` });
}

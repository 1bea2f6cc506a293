import { check, readText } from "../native/check.ts";
import { block, native } from "../native/library.ts";
import { reasons, requireDriver, shimPath } from "./driver.ts";

/** What kind of driver devices come from. */
export const DeviceDriverKind = {
  /** The Poplar SDK through the shim, or the library that `MILLRACE_POPLAR` names: IPUs of this system, and models of IPUs. */
  Poplar: "poplar",
  /** A simulation that `simulate()` of `millrace/testing` began. */
  Simulation: "simulation",
  /** Neither: no IPUs, only models of them. */
  Models: "models",
} as const;
export type DeviceDriverKind = (typeof DeviceDriverKind)[keyof typeof DeviceDriverKind];

const byRole: readonly DeviceDriverKind[] = Object.values(DeviceDriverKind);

/** What devices come from. */
export interface DeviceDriver {
  readonly kind: DeviceDriverKind;
  /** Its library. */
  readonly path: string;
  /** Why it is this one. */
  readonly reason: string;
  /** As it says itself: `"Poplar 3.3.0 (…)"`. */
  readonly version: string;
}

/** What devices of this process come from now; chosen here if nobody has asked for devices before. */
export function currentDriver(op: string): DeviceDriver {
  requireDriver(op);
  const length = check(native.mr_device_about(), op);
  const [versionLength, role] = block.results;
  const kind = byRole[role!] ?? "models";
  const path = readText(versionLength!, length - versionLength!);
  return { kind, path, reason: reasonFor(kind, path, op), version: readText(0, versionLength!) };
}

function reasonFor(kind: DeviceDriverKind, path: string, op: string): string {
  if (kind === "simulation") return reasons.simulated;
  if (kind === "models") return reasons.none;
  return path === shimPath(op) ? reasons.built : reasons.named;
}

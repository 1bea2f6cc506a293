import { check } from "../native/check.ts";
import type { MillraceError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off } from "../native/switches.ts";
import { currentDriver } from "./device-driver.ts";
import { type DeviceInfo, readInfo } from "./device-target.ts";

/** A device of the system. */
export interface DeviceDescription extends DeviceInfo {
  /** Ids of the devices that are parts of this one, smaller ones first. */
  readonly children: readonly number[];
  /** Ids of the devices that this one is a part of, smaller ones first. */
  readonly parents: readonly number[];
  /** What drives it, in its own words: `"Poplar 3.3.0 (…)"`, `"millrace 1.1"` for the simulator. */
  readonly driver: string;
  /**
   * Who has it, or one of its IPUs: a process, by its pid; `"nobody"`; or `"unknown"`, where the driver does not tell: Poplar
   * says so only to whoever tries to attach, so that of IPUs only those of this process are known.
   */
  readonly heldBy: number | "nobody" | "unknown";
}

/** A system that comes or goes while it is listed is listed anew. */
const attempts = 10;

export function listDevices(op: string): DeviceDescription[] {
  for (let attempt = 1; ; attempt++) {
    try {
      return listOnce(op);
    } catch (error) {
      if (attempt === attempts || (error as MillraceError).code !== "device_not_found") throw error;
    }
  }
}

function listOnce(op: string): DeviceDescription[] {
  const driver = currentDriver(op).version;
  const count = check(native.mr_device_count(), op);
  const listed = Array.from({ length: count }, (_, id) => {
    check(native.mr_device_describe(id), op);
    const heldBy = holder(block.results[holderResult]!);
    return { ...readInfo(block.results), driver, heldBy, children: childrenOf(id, op) };
  });
  return listed.map((device) => ({
    ...device,
    parents: listed.filter(({ children }) => children.includes(device.id)).map(({ id }) => id),
  }));
}

const holderResult = 8;

function holder(process: number): DeviceDescription["heldBy"] {
  return process > 0 && !off("device_held_by") ? process : process === 0 ? "nobody" : "unknown";
}

function childrenOf(id: number, op: string): number[] {
  const children: number[] = [];
  for (let total = 1; children.length < total; ) {
    total = check(native.mr_device_children(id, children.length), op);
    children.push(...block.values.slice(0, Math.min(total - children.length, block.values.length)));
  }
  return children;
}

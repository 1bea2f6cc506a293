import { check } from "../native/check.ts";
import { block, native } from "../native/library.ts";
import { type DeviceInfo, readInfo } from "./device-target.ts";
import { requireDriver } from "./driver.ts";

/** A device of the system. */
export interface DeviceDescription extends DeviceInfo {
  /** Ids of the devices that are parts of this one, smaller ones first. */
  readonly children: readonly number[];
  /** Ids of the devices that this one is a part of, smaller ones first. */
  readonly parents: readonly number[];
}

export function listDevices(op: string): DeviceDescription[] {
  requireDriver(op);
  const count = check(native.mr_device_count(), op);
  const listed = Array.from({ length: count }, (_, id) => {
    check(native.mr_device_describe(id), op);
    return { ...readInfo(block.results), children: childrenOf(id, op) };
  });
  return listed.map((device) => ({
    ...device,
    parents: listed.filter(({ children }) => children.includes(device.id)).map(({ id }) => id),
  }));
}

function childrenOf(id: number, op: string): number[] {
  const children: number[] = [];
  for (let total = 1; children.length < total; ) {
    total = check(native.mr_device_children(id, children.length), op);
    children.push(...block.values.slice(0, Math.min(total - children.length, block.values.length)));
  }
  return children;
}

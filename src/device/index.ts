export { Device, type DeviceSession } from "./device.ts";
export { DeviceConstraints, type DeviceConstraintsOptions } from "./device-constraints.ts";
export { type DeviceDriver, DeviceDriverKind } from "./device-driver.ts";
export {
  type AsyncDeviceWish,
  type DeviceDescription,
  DeviceManager,
  type DeviceModel,
  type DeviceWish,
  type SpecificDeviceWish,
} from "./device-manager.ts";
export type { DeviceOptions } from "./device-options.ts";
export { type DeviceInfo, DeviceTarget } from "./device-target.ts";
export { type DeviceWait, DeviceWaitConfig, DeviceWaitStrategy } from "./device-wait.ts";

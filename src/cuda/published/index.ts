export { DevicePublication } from "./device-publication.ts";
export { DeviceTensor, type DeviceTensorDescription } from "./device-tensor.ts";
export type { DeviceGetOptions, DeviceWaitOptions } from "./get.ts";
export type { NamedJob } from "./job.ts";
export type { DevicePublishOptions } from "./publish.ts";

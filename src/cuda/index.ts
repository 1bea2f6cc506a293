export { CudaDevice } from "./cuda-device.ts";
export * from "./darray/index.ts";
export type { CudaAttributes, CudaDeviceInfo } from "./device-info.ts";
export { DeviceMemory } from "./device-memory.ts";
export type { AllocateOptions, CudaDeviceOptions, CudaDriverOptions, RegisterOptions } from "./device-options.ts";
export type { Range, Target } from "./download.ts";
export { Event, type EventOptions } from "./event.ts";
export { MemoryPool, type PoolOptions, type PoolStats } from "./memory-pool.ts";
export { PinnedMemory } from "./pinned-memory.ts";
export {
  type DeviceGetOptions,
  DevicePublication,
  type DevicePublishOptions,
  DeviceTensor,
  type DeviceWaitOptions,
  type NamedJob,
} from "./published/index.ts";
export { Registration } from "./registration.ts";
export type { CudaStats } from "./stats.ts";
export { type FillOptions, type Place, Stream, type StreamOptions } from "./stream.ts";
export type { AsyncWaitOptions, WaitOptions } from "./waiting.ts";

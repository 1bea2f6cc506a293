export {
  type EngineConfig,
  type FlushData,
  type ModelRunnerConfig,
  QueuePolicy,
  type ResolvedConfig,
} from "./config.ts";
export type { DataDesc } from "./data-desc.ts";
export type { GpuDevice, RunnerDevice } from "./deployment/runner-device.ts";
export type { DeviceTensor } from "./device-memory.ts";
export type { ExecuteAsyncOptions, ExecuteOptions, OutputMemory } from "./execute-options.ts";
export type { Expectation, ExpectedPort, InputOf, Inputs, OutputPromises, Outputs } from "./expectation.ts";
export { type CloseOptions, ModelRunner } from "./model-runner.ts";
export type { PercentileOptions, ReplicaOption, RequestTimes, TimeTraceOptions } from "./monitoring.ts";
export { ResultTensor } from "./result.ts";
export type { RunnerStats } from "./stats.ts";

export type { EngineConfig, ExecuteAsyncOptions, ExecuteOptions, ModelRunnerConfig, OutputMemory } from "./config.ts";
export type { DataDesc } from "./data-desc.ts";
export type { Expectation, ExpectedPort, InputOf, Inputs, Outputs } from "./expectation.ts";
export { ModelRunner } from "./model-runner.ts";
export { ResultTensor } from "./result.ts";
export type { RunnerStats } from "./stats.ts";

export type {
  EntryType,
  InputDefinition,
  MemoryType,
  OperatorDefinition,
  OutputDefinition,
  PipelineDefinition,
  StreamType,
} from "./definition.ts";
export { Driver, type DriverNotification, type DriverOptions, DriverState } from "./driver.ts";
export type { EntryCollection } from "./entry-collection.ts";
export type { LogTarget } from "./log-target.ts";
export { loadPipeline, type ParseOptions, parsePipeline } from "./parse.ts";
export type { Payload, PayloadEntry } from "./payload.ts";
export type { PayloadCollection } from "./payload-collection.ts";
export { Pipeline, type PipelineOptions, type RunOptions } from "./pipeline.ts";
export { type PrimitiveType, PrimitiveTypes } from "./primitive-type.ts";
export type { DefinitionProblem } from "./problems.ts";
export type { OperatorResult, PipelineResult } from "./result.ts";

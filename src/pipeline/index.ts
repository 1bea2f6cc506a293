export type {
  EntryType,
  InputDefinition,
  MemoryType,
  OperatorDefinition,
  OutputDefinition,
  PipelineDefinition,
  StreamType,
} from "./definition.ts";
export { loadPipeline, type ParseOptions, parsePipeline } from "./parse.ts";
export { type PrimitiveType, PrimitiveTypes } from "./primitive-type.ts";
export type { DefinitionProblem } from "./problems.ts";

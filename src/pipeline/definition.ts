import type { PrimitiveType } from "./primitive-type.ts";

/** Data in files: the operator gets a directory. `elementType` is free text (`"dicom"`). */
export interface StreamType {
  readonly kind: "stream";
  readonly elementType: string;
  /** Where Clara mounts the stream in a container. Kept for reference: here the payload entry names the directory. */
  readonly path: string | undefined;
}

/**
 * Data in shared memory. A primitive is an array of one element, a string is `array<uint8>[-1]`. Axes of `shape` are
 * element counts; -1 marks an axis whose size the producing operator sets at run time (0 in the file means the same).
 */
export interface MemoryType {
  readonly kind: "array" | "string" | "primitive";
  readonly elementType: PrimitiveType;
  readonly shape: readonly number[];
}

export type EntryType = StreamType | MemoryType;

export interface OutputDefinition {
  readonly name: string;
  readonly type: EntryType;
  /** Line of the definition that declares it, counted from 1. */
  readonly line: number;
}

export interface InputDefinition {
  /** Name of the upstream output; may be empty for a stream of the pipeline's payload. */
  readonly name: string;
  /** The upstream operator; undefined: the pipeline's payload (streams only). */
  readonly from: string | undefined;
  readonly type: EntryType;
  readonly line: number;
}

export interface OperatorDefinition {
  readonly name: string;
  /** Program and arguments, `args` included. A first word `bun` is the Bun that runs the pipeline. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
  readonly inputs: readonly InputDefinition[];
  readonly outputs: readonly OutputDefinition[];
  /** The operators that must end well before this one starts, each once. */
  readonly dependsOn: readonly string[];
  readonly line: number;
}

/** A checked pipeline, frozen through and through. `docs/pipeline.md` describes the file it comes from. */
export interface PipelineDefinition {
  readonly name: string;
  readonly apiVersion: string;
  /** The file as given to `parsePipeline` or `loadPipeline`; for messages. */
  readonly file: string;
  /** Absolute directory of the file: operators run there. */
  readonly directory: string;
  readonly timeoutMs: number | undefined;
  /** In topological order: every operator stands behind all that it takes inputs from. */
  readonly operators: readonly OperatorDefinition[];
  /** One line for each part of the file that has no effect here, such as a container image. */
  readonly notes: readonly string[];
}

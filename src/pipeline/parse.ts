import { makeError } from "../native/error.ts";
import type { PipelineDefinition } from "./definition.ts";

export interface ParseOptions {
  /** Names the text in messages; operators run in its directory. Without it: `<text>` and the working directory. */
  readonly file?: string | undefined;
}

/**
 * Reads a pipeline definition (`docs/pipeline.md` describes the fields) and checks all of it.
 *
 * @throws `invalid_definition` with every problem as `file:line:column: what is wrong; expected …`; the error's `cause`
 * is the same as a list of `DefinitionProblem`.
 */
export function parsePipeline(text: string, options: ParseOptions = {}): PipelineDefinition {
  // Operators import this folder too, and the YAML library takes 40 ms to load: only who reads a definition pays for it.
  const { readPipeline } = require("./read-pipeline.ts") as typeof import("./read-pipeline.ts");
  return readPipeline(text, options.file);
}

/** Reads a definition from a file. @throws `file_not_found`, and what `parsePipeline` throws. */
export async function loadPipeline(path: string): Promise<PipelineDefinition> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (cause) {
    throw makeError("file_not_found", { op: "loadPipeline", message: `cannot read ${JSON.stringify(path)}.`, cause });
  }
  return parsePipeline(text, { file: path });
}

import { makeError } from "../native/error.ts";
import type { EntryType } from "./definition.ts";

/** The environment variable that carries an operator's assignment, as JSON. */
export const assignmentVariable = "MILLRACE_PIPELINE";

/** An input or output of an operator, as its process sees it. */
export interface AssignedEntry {
  readonly name: string;
  /** The operator whose output it is; undefined for the pipeline's payload. */
  readonly operator: string | undefined;
  readonly type: EntryType;
  /** Absolute directory (or file) of a stream; undefined for data in shared memory. */
  readonly path: string | undefined;
}

/** What a pipeline tells the process of one operator. */
export interface Assignment {
  readonly version: 1;
  readonly jobId: string;
  readonly jobName: string;
  readonly stageName: string;
  /** Name of the job's FastIO context. */
  readonly context: string;
  /** The context's directory, when it is not the machine's default. */
  readonly dir: string | undefined;
  readonly inputs: readonly AssignedEntry[];
  readonly outputs: readonly AssignedEntry[];
}

/** @throws `not_in_pipeline` when the variable is missing or is not ours. */
export function readAssignment(env: Readonly<Record<string, string | undefined>>, op: string): Assignment {
  const text = env[assignmentVariable];
  if (text === undefined) throw makeError("not_in_pipeline", { op, message: `${assignmentVariable} is not set.` });
  let assignment: Partial<Assignment> | null;
  try {
    assignment = JSON.parse(text) as Partial<Assignment> | null;
  } catch (cause) {
    throw makeError("not_in_pipeline", { op, message: `${assignmentVariable} is no JSON text.`, cause });
  }
  if (assignment?.version === 1) return assignment as Assignment;
  const message = `${assignmentVariable} has version ${assignment?.version}; this Millrace reads version 1.`;
  throw makeError("not_in_pipeline", { op, message, hint: "Use one version for the pipeline and its operators." });
}

import type { ContextStats } from "../fastio/index.ts";
import type { MillraceError } from "../native/error.ts";

/** How one operator fared. */
export interface OperatorResult {
  readonly name: string;
  /** Exit code, or the name of the signal that ended it; undefined when it was never started. */
  readonly exit: number | string | undefined;
  /** From its start to its end, in milliseconds; 0 when it was never started. */
  readonly ms: number;
  /** Bytes of shared memory behind its inputs and behind its outputs. Streams are files and do not count. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /**
   * Absent when it ended well. `operator_failed`: it exited with another code than 0, was killed, could not be started,
   * or was not started because an operator before it failed. `deadline`: its time or the pipeline's ran out.
   */
  readonly error?: MillraceError | undefined;
}

export interface PipelineResult {
  /** In the order of `PipelineDefinition.operators`. */
  readonly operators: readonly OperatorResult[];
  /** The job's own counters at its end: bytes published, bytes copied into and out of shared memory. */
  readonly stats: ContextStats;
}

/** `12 B`, `3.4 MB`: decimal units, as disks and networks count. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** The result in a few words, for the log. */
export function formatResult({ exit, ms, bytesIn, bytesOut, error }: OperatorResult): string {
  const time = `${(ms / 1000).toFixed(2)} s`;
  if (error === undefined) return `done in ${time}, ${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out`;
  if (exit === undefined) return "not started";
  const reason = error.code === "deadline" ? "out of time" : typeof exit === "number" ? `exit code ${exit}` : exit;
  return `failed after ${time}: ${reason}`;
}

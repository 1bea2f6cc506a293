/** Where a pipeline writes; `process.stdout` and `process.stderr` are two. */
export interface LogTarget {
  write(text: string): unknown;
  /** True on a terminal: the pipeline then keeps one live line per operator at the bottom. */
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface LogTargets {
  readonly stdout: LogTarget;
  readonly stderr: LogTarget;
}

/** What stands behind an operator's name in its live line, or in a line of its own when it changes. */
export interface OperatorStatus {
  readonly text: string;
  /** `performance.now()` of the start while the operator runs: the live line then shows the time since. */
  readonly runningSince?: number | undefined;
}

/** Shows what a pipeline's operators write and how they fare. */
export interface PipelineLog {
  line(operator: string, stream: keyof LogTargets, text: string): void;
  status(operator: string, status: OperatorStatus): void;
  close(): void;
}

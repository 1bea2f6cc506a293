import type { LogTargets, OperatorStatus, PipelineLog } from "./log-target.ts";

/** `reader | text`: the names padded to one width. */
export function linePrefix(operators: readonly string[]): (operator: string) => string {
  const width = Math.max(0, ...operators.map((name) => name.length));
  return (operator) => `${operator.padEnd(width)} | `;
}

/** Lines for files and pipes: what operators write goes to the stream they wrote it to, a status to `stderr`. */
export class PlainLog implements PipelineLog {
  readonly #targets: LogTargets;
  readonly #prefix: (operator: string) => string;

  constructor(operators: readonly string[], targets: LogTargets) {
    this.#targets = targets;
    this.#prefix = linePrefix(operators);
  }

  line(operator: string, stream: keyof LogTargets, text: string): void {
    this.#targets[stream].write(`${this.#prefix(operator)}${text}\n`);
  }

  status(operator: string, { text }: OperatorStatus): void {
    this.line(operator, "stderr", `[${text}]`);
  }

  close(): void {}
}

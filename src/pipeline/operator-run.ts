import { type MillraceError, makeError } from "../native/error.ts";
import type { OperatorDefinition } from "./definition.ts";
import { type LaunchOptions, OperatorProcess } from "./operator-process.ts";

const op = "Pipeline.run";

export interface OperatorOutcome {
  readonly exit: number | string | undefined;
  readonly ms: number;
  readonly error: MillraceError | undefined;
}

/** One operator from its start to its end, with its time limit. */
export class OperatorRun {
  readonly #operator: OperatorDefinition;
  readonly #process: OperatorProcess | undefined;
  readonly #startedAt = performance.now();
  /** Why it was stopped, or could not be started. */
  #error: MillraceError | undefined;
  #lastLine = "";

  constructor(operator: OperatorDefinition, place: string, launch: LaunchOptions) {
    this.#operator = operator;
    const onLine: LaunchOptions["onLine"] = (stream, line) => {
      // Bun ends the report of an uncaught error with its version, which tells nothing.
      const telling = line.trim() !== "" && !/^Bun v\d/.test(line);
      if (stream === "stderr" && telling) this.#lastLine = line.trim();
      launch.onLine(stream, line);
    };
    try {
      this.#process = new OperatorProcess({ ...launch, onLine });
    } catch (cause) {
      const message = `operator "${operator.name}" could not be started: ${(cause as Error).message}.`;
      this.#error = makeError("operator_failed", { op, message, hint: `Check \`command\` at ${place}.`, cause });
    }
  }

  /** Stops it for a reason that becomes the operator's error. The first reason counts. */
  stop(reason: MillraceError): void {
    this.#error ??= reason;
    this.#process?.stop();
  }

  kill(): void {
    this.#process?.kill();
  }

  async ended(): Promise<OperatorOutcome> {
    if (this.#process === undefined) return { exit: undefined, ms: 0, error: this.#error };
    const { timeoutMs } = this.#operator;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.stop(this.#late(timeoutMs)), timeoutMs);
    const exit = await this.#process.ended;
    clearTimeout(timer);
    return { exit, ms: performance.now() - this.#startedAt, error: this.#error ?? this.#failure(exit) };
  }

  #late(timeoutMs: number): MillraceError {
    const message = `operator "${this.#operator.name}" ran longer than its ${timeoutMs / 1000} s.`;
    return makeError("deadline", { op, message, hint: "Raise its `timeout`, or find out what it waits for." });
  }

  #failure(exit: number | string): MillraceError | undefined {
    if (exit === 0) return undefined;
    const how = typeof exit === "number" ? `exited with code ${exit}` : `was killed by ${exit}`;
    const words = this.#lastLine === "" ? "." : `; the last line of its log: ${JSON.stringify(this.#lastLine)}.`;
    return makeError("operator_failed", { op, message: `operator "${this.#operator.name}" ${how}${words}` });
  }
}

import { type MillraceError, makeError } from "../native/error.ts";
import { type AssignedEntry, type Assignment, assignmentVariable } from "./assignment.ts";
import type { EntryType, OperatorDefinition, PipelineDefinition } from "./definition.ts";
import type { JobMemory } from "./job-memory.ts";
import type { PipelineLog } from "./log-target.ts";
import { OperatorRun } from "./operator-run.ts";
import { formatResult, type OperatorResult } from "./result.ts";
import type { StreamDirectories } from "./stream-directories.ts";

const op = "Pipeline.run";

export interface JobOptions {
  /** UUID of the run. */
  readonly id: string;
  readonly definition: PipelineDefinition;
  readonly memory: JobMemory;
  readonly streams: StreamDirectories;
  readonly log: PipelineLog;
  /** Absolute path of the pipeline's payload. */
  readonly payload: string | undefined;
  /** Added to every operator's environment, over its own `env`. */
  readonly env: Readonly<Record<string, string>>;
  /** Added behind the operators' own arguments, by operator. */
  readonly args: Readonly<Record<string, readonly string[]>>;
}

/** One run of a pipeline: each operator starts when all it depends on ended well. */
export class Job {
  readonly #options: JobOptions;
  readonly #running = new Set<OperatorRun>();
  /** Why nothing more is started. */
  #stopped: MillraceError | undefined;

  constructor(options: JobOptions) {
    this.#options = options;
  }

  async run(): Promise<readonly OperatorResult[]> {
    const { operators, timeoutMs } = this.#options.definition;
    const results = new Map<string, Promise<OperatorResult>>();
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.stop(late(timeoutMs)), timeoutMs);
    // In topological order, so what an operator waits for is in the map already.
    for (const operator of operators) {
      const before = operator.dependsOn.map((name) => results.get(name)!);
      results.set(operator.name, this.#whenReady(operator, before));
    }
    try {
      return await Promise.all(results.values());
    } finally {
      clearTimeout(timer);
      // Only an error of our own leaves operators behind.
      this.kill();
    }
  }

  /** Ends the running operators, and starts no others. */
  stop(reason: MillraceError): void {
    this.#stopped ??= reason;
    for (const run of this.#running) run.stop(reason);
  }

  kill(): void {
    for (const run of this.#running) run.kill();
  }

  async #whenReady(operator: OperatorDefinition, before: readonly Promise<OperatorResult>[]): Promise<OperatorResult> {
    const failed = (await Promise.all(before)).find(({ error }) => error !== undefined);
    const obstacle = this.#stopped ?? (failed === undefined ? undefined : notStarted(operator, failed));
    const { memory, log } = this.#options;
    const result: OperatorResult =
      obstacle === undefined
        ? await this.#runOne(operator)
        : { name: operator.name, exit: undefined, ms: 0, bytesIn: 0, bytesOut: 0, error: obstacle };
    memory.ended(operator);
    log.status(operator.name, { text: formatResult(result) });
    if (result.error !== undefined && obstacle === undefined) log.line(operator.name, "stderr", result.error.message);
    return result;
  }

  async #runOne(operator: OperatorDefinition): Promise<OperatorResult> {
    const { definition, memory, log, env, args } = this.#options;
    const bytesIn = memory.bytesIn(operator);
    const run = new OperatorRun(operator, `${definition.file}:${operator.line}`, {
      command: [...operator.command, ...(args[operator.name] ?? [])],
      directory: definition.directory,
      env: {
        ...process.env,
        ...operator.env,
        ...env,
        [assignmentVariable]: JSON.stringify(this.#assignment(operator)),
      },
      onLine: (stream, line) => log.line(operator.name, stream, line),
    });
    this.#running.add(run);
    log.status(operator.name, { text: "running", runningSince: performance.now() });
    const { exit, ms, error } = await run.ended();
    this.#running.delete(run);
    return { name: operator.name, exit, ms, bytesIn, bytesOut: memory.bytesOut(operator), ...(error && { error }) };
  }

  #assignment({ name, inputs, outputs }: OperatorDefinition): Assignment {
    const { id, definition, memory } = this.#options;
    return {
      version: 1,
      jobId: id,
      jobName: definition.name,
      stageName: name,
      context: memory.context,
      dir: memory.dir,
      inputs: inputs.map((input) => this.#entry(input.name, input.from, input.type)),
      outputs: outputs.map((output) => this.#entry(output.name, name, output.type)),
    };
  }

  #entry(name: string, operator: string | undefined, type: EntryType): AssignedEntry {
    if (type.kind !== "stream") return { name, operator, type, path: undefined };
    const { streams, payload } = this.#options;
    return { name, operator, type, path: operator === undefined ? payload : streams.path(operator, name) };
  }
}

function late(timeoutMs: number): MillraceError {
  const message = `the pipeline ran longer than its ${timeoutMs / 1000} s.`;
  return makeError("deadline", { op, message, hint: "Raise its `timeout`, or look for the slow operator in the log." });
}

function notStarted(operator: OperatorDefinition, failed: OperatorResult): MillraceError {
  const message = `operator "${operator.name}" was not started, because operator "${failed.name}" failed.`;
  return makeError("operator_failed", { op, message, cause: failed.error });
}

import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { type MillraceError, makeError } from "../native/error.ts";
import type { PipelineDefinition } from "./definition.ts";
import { endWithProcess } from "./end-with-process.ts";
import { Job } from "./job.ts";
import { JobMemory } from "./job-memory.ts";
import { LiveLog } from "./live-log.ts";
import type { LogTarget, LogTargets, PipelineLog } from "./log-target.ts";
import { loadPipeline } from "./parse.ts";
import { PlainLog } from "./plain-log.ts";
import type { PipelineResult } from "./result.ts";
import { StreamDirectories } from "./stream-directories.ts";

const op = "Pipeline.run";

export interface PipelineOptions {
  /** Directory for shared memory; without it `MILLRACE_SHM_DIR`, else the machine's shared-memory file system. */
  readonly dir?: string | undefined;
  /** Directory in which the streams that operators write are kept, as `<operator>/<output>`; without it they are temporary. */
  readonly streamsDir?: string | undefined;
  /** Where the operators' lines go, each with the operator's name before it. By default the process's own streams. */
  readonly stdout?: LogTarget | undefined;
  /** Also takes the state of each operator: on a terminal as one live line each, elsewhere as plain lines. */
  readonly stderr?: LogTarget | undefined;
}

export interface RunOptions {
  /** Ends the operators (SIGTERM, five seconds, SIGKILL); `run` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Added to the environment of every operator, over its own `env`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Added behind the arguments of operators, by the operator's name. */
  readonly args?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The file or directory behind the stream inputs that name no operator. */
  readonly payload?: string | undefined;
}

/**
 * Runs the operators of a definition as processes that share one FastIO context.
 *
 * The context, what is allocated from the definition, and temporary streams live from the start of a `run` to its end;
 * an output is freed as soon as all operators that take it have ended.
 */
export class Pipeline {
  readonly #definition: PipelineDefinition | string;
  readonly #options: PipelineOptions;

  /** `definition`: a parsed one, or the path of a file, which `run` then reads and checks. */
  constructor(definition: PipelineDefinition | string, options: PipelineOptions = {}) {
    this.#definition = definition;
    this.#options = options;
  }

  /**
   * Starts each operator when all operators it takes inputs from ended well, and resolves when all have ended. A
   * failing operator rejects nothing: it has an `error` in the result, as have those that depend on it.
   *
   * @throws `invalid_definition`, `file_not_found`, `invalid_argument` before anything starts; the signal's reason.
   */
  async run(options: RunOptions = {}): Promise<PipelineResult> {
    const { signal } = options;
    throwIfAborted(signal);
    const definition = typeof this.#definition === "string" ? await loadPipeline(this.#definition) : this.#definition;
    checkOptions(definition, options);
    const id = randomUUID();
    let job: Job | undefined;
    let stopped: MillraceError | undefined;
    const stop = (why: string): void => {
      stopped ??= makeError("aborted", { op, message: `${why}.` });
      job?.stop(stopped);
    };
    // Undone in reverse order: a signal that ended the run is sent again when everything else is gone.
    await using ending = new AsyncDisposableStack();
    ending.defer(
      endWithProcess(
        () => stop("the process was told to end"),
        () => job?.kill(),
      ),
    );
    const onAbort = (): void => stop("the run was aborted");
    signal?.addEventListener("abort", onAbort);
    ending.defer(() => signal?.removeEventListener("abort", onAbort));
    const memory = ending.use(await JobMemory.create(definition, `pipeline-${id}`, this.#options.dir));
    const streams = await StreamDirectories.create(definition, this.#options.streamsDir);
    ending.defer(() => streams.remove());
    const log = this.#log(definition);
    ending.defer(() => log.close());
    const { env = {}, args = {} } = options;
    const payload = options.payload === undefined ? undefined : resolve(options.payload);
    job = new Job({ id, definition, memory, streams, log, payload, env, args });
    if (stopped !== undefined) job.stop(stopped);
    const operators = await job.run();
    throwIfAborted(signal);
    return { operators, stats: memory.stats };
  }

  #log({ operators, notes }: PipelineDefinition): PipelineLog {
    const { stdout = process.stdout, stderr = process.stderr } = this.#options;
    const targets: LogTargets = { stdout, stderr };
    for (const note of notes) stderr.write(`${note}\n`);
    const names = operators.map(({ name }) => name);
    return stderr.isTTY === true ? new LiveLog(names, targets) : new PlainLog(names, targets);
  }
}

/** By shape: test environments replace the global `AbortSignal`, and not every replacement has the method. */
function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

function checkOptions({ operators }: PipelineDefinition, { args = {}, payload }: RunOptions): void {
  const names = operators.map(({ name }) => name);
  const unknown = Object.keys(args).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const message = `\`args\` has words for ${JSON.stringify(unknown)}, which is no operator.`;
    throw makeError("invalid_argument", { op, message, hint: `Use the names ${names.join(", ")}.` });
  }
  const reader = operators.find(({ inputs }) => inputs.some(({ from }) => from === undefined));
  if (reader !== undefined && payload === undefined) {
    const message = `operator "${reader.name}" reads the pipeline's payload, and there is none.`;
    throw makeError("invalid_argument", { op, message, hint: "Pass `payload`, the path of a file or directory." });
  }
}

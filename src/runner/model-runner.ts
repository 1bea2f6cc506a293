import { check, readText } from "../native/check.ts";
import { findEngineLibrary } from "../native/engine-library.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { checkSignal } from "../native/signal.ts";
import { off, switchable } from "../native/switches.ts";
import { Admission, queueFull } from "./admission.ts";
import { Client, closedError } from "./client.ts";
import type { Given, Results } from "./collect.ts";
import { type ModelRunnerConfig, QueuePolicy, type ResolvedConfig, resolveConfig } from "./config.ts";
import type { DataDesc } from "./data-desc.ts";
import type { Deployment } from "./deployment/deployment.ts";
import { findSource, type ModelSource } from "./deployment/model-source.ts";
import { checkDeadline, type ExecuteAsyncOptions, type ExecuteOptions, routeOf } from "./execute-options.ts";
import { checkExpectation, type Expectation, type Inputs, type OutputPromises, type Outputs } from "./expectation.ts";
import { serveFlushes } from "./flush.ts";
import { InputPort } from "./input-port.ts";
import { checkOutputs } from "./inputs.ts";
import { attachModel, type Loaded, loadModel } from "./load.ts";
import {
  type PercentileOptions,
  type ReplicaOption,
  type RequestTimes,
  statistics,
  type TimeTraceOptions,
  timeTrace,
} from "./monitoring.ts";
import { OutputPort } from "./output-port.ts";
import { deadlineError, Pending } from "./pending.ts";
import { readPorts } from "./port.ts";
import type { Ports } from "./request-pool.ts";
import type { RunnerStats } from "./stats.ts";

/** What `close` does with requests under way. */
export interface CloseOptions {
  /** drain: they are answered; reject: they reject with `closed`. Default: drain. */
  readonly mode?: "drain" | "reject" | undefined;
}

/**
 * Runs a model on native threads of its own, one for each replica. `executeAsync` copies arrays before it returns, passes
 * native memory by reference, and does nothing else on the event loop; `execute` blocks. With `batchingDim`, requests that
 * wait run together. Requests of one replica and priority are answered in the order submitted.
 *
 * ```ts
 * await using digits = await ModelRunner.load("digits.onnx", {
 *   batchingDim: 0,
 *   expect: { inputs: { image: "float32" }, outputs: { logits: "float32" } },
 * });
 * const { logits } = await digits.executeAsync({ image });
 * ```
 */
export class ModelRunner<E extends Expectation = Expectation> implements AsyncDisposable {
  readonly #model: Loaded;
  readonly #config: ResolvedConfig;
  readonly #ports: Ports;
  readonly #client: Client;
  readonly #admission: Admission;
  /** Of a model that is more than an ONNX file, in the thread that loaded it. */
  readonly #deployment: Deployment | undefined;
  #closing: Promise<void> | undefined;

  private constructor(model: Loaded, config: ResolvedConfig, ports: Ports, deployment: Deployment | undefined) {
    this.#model = model;
    this.#deployment = deployment;
    this.#config = config;
    this.#ports = ports;
    this.#client = new Client(model, ports);
    this.#admission = new Admission(this.#client, config.maxQueueSize + ringRows(config, ports));
    if (config.flushCallback !== undefined) serveFlushes(this.#client, model, ports, config.flushCallback);
  }

  /**
   * Loads an ONNX model, with external weights found beside it, or a PopEF model: of one file (`.popef`) or several, or one that
   * is open, which may then be closed. An ONNX model runs on this machine's processor unless `device` or `replicaToDevice` says
   * otherwise; a PopEF model on the system's IPUs, one device for each replica, or on the processor where there are none.
   *
   * @throws NotFoundError `file_not_found`, `engine_missing`, `provider_missing`; FormatError `invalid_model`, `engine_too_old`, `invalid_popef`,
   * `model_conflict`, `package_hash`, `invalid_executable`; ArgumentError `unsupported_type` (strings, sequences, maps),
   * `expectation_failed`, `wrong_batching`, `unknown_input`, `missing_input`, `unknown_output`, `invalid_argument`;
   * DeviceError `device_unavailable`, and what loading a device throws; the signal's reason.
   */
  static async load<const E extends Expectation = Expectation>(
    source: ModelSource,
    config: ModelRunnerConfig<E> = {},
  ): Promise<ModelRunner<E>> {
    const op = "ModelRunner.load";
    const found = findSource(source, op);
    const resolved = resolveConfig(config as ModelRunnerConfig, found.kind !== "onnx", op);
    const signal = checkSignal(config.signal, op);
    const { frozenInputs, replicaToDevice, device } = config;
    if (found.kind !== "onnx" || frozenInputs !== undefined || replicaToDevice !== undefined || device !== undefined) {
      // Whoever only runs ONNX models pays nothing for PopEF and sessions.
      const { deploy } = await import("./deployment/deploy.ts");
      const deployment = await deploy(found, config as ModelRunnerConfig, resolved, signal, op);
      return ModelRunner.#over(deployment.model, resolved, config.expect, op, deployment);
    }
    const engine = findEngineLibrary(config.engine?.path, op);
    const model = await loadModel(found.path, engine, resolved, signal, op);
    return ModelRunner.#over(model, resolved, config.expect, op);
  }

  /**
   * A runner of this thread over a model that another thread of the process has loaded and shared. It has a queue of its
   * own; the model is freed when the last of its runners is closed.
   *
   * @throws NotFoundError `not_found` when the model is not there any more; StateError `wrong_thread` when it was loaded
   * without `threadSafe`; ArgumentError `expectation_failed`.
   */
  static async attach<const E extends Expectation = Expectation>(
    token: string,
    options: { readonly expect?: E | undefined } = {},
  ): Promise<ModelRunner<E>> {
    const op = "ModelRunner.attach";
    const { model, config } = attachModel(token, op);
    return ModelRunner.#over(model, config, options.expect, op);
  }

  static async #over<E extends Expectation>(
    model: Loaded,
    config: ResolvedConfig,
    expected: E | undefined,
    op: string,
    deployment?: Deployment,
  ): Promise<ModelRunner<E>> {
    try {
      const ports = portsOf(model, config, op);
      if (expected !== undefined) checkExpectation(expected, descsOf(ports.inputs), descsOf(ports.outputs), op);
      return new ModelRunner<E>(model, config, ports, deployment);
    } catch (error) {
      await new Client(model, { native: { inputs: [], outputs: [] }, inputs: [], outputs: [], validate: true }).close(
        op,
      );
      await deployment?.close(op).catch(() => undefined);
      throw error;
    }
  }

  /** A token by which other threads of this process `attach`: a string for `postMessage`. It keeps nothing alive. */
  share(): string {
    const op = "ModelRunner.share";
    this.#mustBeOpen(op);
    return readText(0, check(native.mr_replica_share(this.#model.slot, this.#model.generation), op));
  }

  /** The options that the model was loaded with, defaults filled in. */
  config(): ResolvedConfig {
    return this.#config;
  }

  /** What `execute` takes. */
  getExecuteInputs(): readonly DataDesc[] {
    return descsOf(this.#ports.inputs);
  }

  /** What `execute` gives. */
  getExecuteOutputs(): readonly DataDesc[] {
    return descsOf(this.#ports.outputs);
  }

  /** What the model takes, with what is held constant or was given when it was loaded; in the thread that loaded it. */
  getModelInputs(): readonly DataDesc[] {
    return [...this.getExecuteInputs(), ...others(this.#deployment?.otherInputs)];
  }

  /** What the model gives, with what save programs give when it is closed; in the thread that loaded it. */
  getModelOutputs(): readonly DataDesc[] {
    return [...this.getExecuteOutputs(), ...others(this.#deployment?.otherOutputs)];
  }

  /** Counters since the model was loaded. @throws StateError `closed` */
  stats(): RunnerStats {
    const op = "ModelRunner.stats";
    this.#mustBeOpen(op);
    check(native.mr_replica_stats(this.#model.slot, this.#model.generation), op);
    const [rows = 0, batches = 0, paddingRows = 0, running = 0, , load = 0] = block.results;
    const pending = this.#client.underWay + this.#admission.waiting;
    return { ...this.#client.counters, pending, queued: load - running, running, rows, batches, paddingRows };
  }

  /** The times of one request of a replica. @throws ArgumentError `invalid_argument`, `out_of_bounds` */
  getTimeTrace(options: TimeTraceOptions = {}): RequestTimes {
    return timeTrace(this.#model, this.#config.replicationFactor, options, "ModelRunner.getTimeTrace");
  }

  /** A percentile of the times of a replica's requests, at most 1.6 % off. @throws ArgumentError `invalid_argument` */
  getMonitoringStatisticsPercentile(options: PercentileOptions = {}): RequestTimes {
    return this.#statistics(options, "percentile", "ModelRunner.getMonitoringStatisticsPercentile");
  }

  /** The mean times of a replica's requests. @throws ArgumentError `invalid_argument` */
  getMonitoringStatisticsMean(options: ReplicaOption = {}): RequestTimes {
    return this.#statistics(options, "mean", "ModelRunner.getMonitoringStatisticsMean");
  }

  /** How many requests of a replica were timed, under the same names. @throws ArgumentError `invalid_argument` */
  getMonitoringStatisticsTotalCount(options: ReplicaOption = {}): RequestTimes {
    return this.#statistics(options, "count", "ModelRunner.getMonitoringStatisticsTotalCount");
  }

  #statistics(options: PercentileOptions, what: "percentile" | "mean" | "count", op: string): RequestTimes {
    this.#mustBeOpen(op);
    return statistics(this.#model, this.#config.replicationFactor, options, what, op);
  }

  /**
   * Runs the model and blocks until it has answered: on this thread when the replica is idle, else after the requests
   * that are queued.
   *
   * @throws ArgumentError `unknown_input`, `missing_input`, `wrong_dtype`, `wrong_shape`, `wrong_size`,
   * `unknown_output`; DeviceError `run_failed`; StateError `closed`
   */
  execute(inputs: Inputs<E>, options?: ExecuteOptions): Outputs<E> {
    const op = "ModelRunner.execute";
    this.#mustBeOpen(op);
    native.mr_request_begin();
    const route = options === undefined ? 0 : routeOf(options, this.#config.replicationFactor, op);
    const prepared = this.#client.pool.prepare(inputs as Inputs, this.#given(options, op), op);
    return this.#client.run(prepared, route, op) as unknown as Outputs<E>;
  }

  /**
   * Queues a request and resolves to the outputs by name. Arrays may be changed as soon as it returns; native memory
   * must stay unchanged until the promise has settled.
   *
   * Rejects as `execute` throws, and with CapacityError `queue_full`, DeadlineError `deadline`, the signal's reason.
   */
  executeAsync(inputs: Inputs<E>, options?: ExecuteAsyncOptions): Promise<Outputs<E>> {
    const pending = new Pending<Results>();
    try {
      this.#submit(pending, inputs as Inputs, options);
    } catch (error) {
      pending.reject(error);
    }
    return pending.promise as unknown as Promise<Outputs<E>>;
  }

  /** As `executeAsync`, with a promise for each output. They settle together. One that nobody awaits rejects silently. */
  executeAsyncPerOutput(inputs: Inputs<E>, options?: ExecuteAsyncOptions): OutputPromises<E> {
    const all = this.executeAsync(inputs, options) as Promise<Results>;
    const entries = this.#ports.outputs.map(({ desc: { name } }) => {
      const one = all.then((results) => results[name]!);
      one.catch(() => undefined);
      return [name, one] as const;
    });
    return Object.fromEntries(entries) as unknown as OutputPromises<E>;
  }

  /** Runs the model `requests` times with zeros on every replica, one row or compiled batch each, so that the first request is no slower. */
  async warmup(options: { readonly requests?: number | undefined } = {}): Promise<void> {
    const { warmUp } = await import("./warmup.ts");
    const op = "ModelRunner.warmup";
    this.#mustBeOpen(op);
    await warmUp(this as unknown as ModelRunner, this.#ports, options.requests ?? 1, op);
  }

  #submit(pending: Pending<Results>, inputs: Inputs, options: ExecuteAsyncOptions | undefined): void {
    const op = "ModelRunner.executeAsync";
    this.#mustBeOpen(op);
    native.mr_request_begin();
    // Most requests; what the others need costs closures.
    if (options === undefined && !this.#admission.full) {
      return this.#client.submit(pending, this.#client.pool.prepare(inputs, undefined, op), 0, op);
    }
    const signal = checkSignal(options?.signal, op);
    if (signal?.aborted) throw signal.reason;
    const deadlineMs = checkDeadline(options?.deadlineMs, op);
    if (deadlineMs !== undefined && deadlineMs <= 0) {
      this.#client.counters.expired++;
      throw deadlineError(deadlineMs, op);
    }
    const route = options === undefined ? 0 : routeOf(options, this.#config.replicationFactor, op);
    const full = this.#admission.full;
    if (full && this.#config.queuePolicy === QueuePolicy.Reject) throw this.#full();
    const prepared = this.#client.pool.prepare(inputs, this.#given(options, op), op);
    let giveUp = () => this.#client.cancel(prepared);
    if (full) giveUp = this.#admission.wait(pending, prepared, route);
    else this.#client.submit(pending, prepared, route, op);
    pending.guard(signal, deadlineMs, op, (expired) => {
      this.#client.counters[expired ? "expired" : "aborted"]++;
      giveUp();
    });
  }

  #given(options: ExecuteOptions | undefined, op: string): Given | undefined {
    if (off("outputs_given")) return undefined;
    return options?.outputs && checkOutputs(options.outputs, this.#ports.outputs, op);
  }

  #full(): Error {
    this.#client.counters.rejected++;
    const stats = this.stats();
    return queueFull(stats, block.results[4]!, this.#config.replicationFactor);
  }

  /**
   * Waits for the requests under way, runs the save programs if `runSavePrograms` asks for it, then frees the model. Rejects with
   * what those failed with; the model is freed all the same. Later calls throw `closed`; closing twice is fine.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { mode = "drain" } = options;
    if (mode !== "drain" && mode !== "reject") {
      const message = `mode is ${String(mode)}, neither "drain" nor "reject".`;
      throw makeError("invalid_argument", { op: "ModelRunner.close", message });
    }
    this.#closing ??= this.#close();
    if (mode === "reject") {
      this.#admission.rejectAll();
      this.#client.reject(() => closedError("ModelRunner.executeAsync"));
    }
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#admission.emptied();
    await this.#client.close("ModelRunner.close");
    await this.#deployment?.close("ModelRunner.close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #mustBeOpen(op: string): void {
    if (this.#closing !== undefined) throw closedError(op);
  }
}

switchable("ModelRunner", ModelRunner);

function others(descs: readonly DataDesc[] | undefined): readonly DataDesc[] {
  return off("model_data_descs") ? [] : (descs ?? []);
}

function portsOf(model: Loaded, config: ResolvedConfig, op: string): Ports {
  const inputs = readPorts(model, "input", model.inputCount, op);
  const outputs = readPorts(model, "output", model.outputCount, op);
  return {
    native: { inputs, outputs },
    inputs: inputs.map((port) => new InputPort(port)),
    outputs: outputs.map((port) => new OutputPort(port)),
    validate: config.validateIoParams || off("validate_io_params"),
  };
}

/** What fits into the ring of a model that was compiled for a number of rows. */
function ringRows({ batchingDim, ringBufferSizeMultiplier }: ResolvedConfig, { inputs }: Ports): number {
  const compiled =
    batchingDim === undefined || off("ring_buffer_size") ? -1 : (inputs[0]?.desc.shape[batchingDim] ?? -1);
  return compiled > 0 ? compiled * ringBufferSizeMultiplier : 0;
}

function descsOf(ports: readonly { readonly desc: DataDesc }[]): readonly DataDesc[] {
  return ports.map((port) => port.desc);
}

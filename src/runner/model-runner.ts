import { findEngineLibrary } from "../device/engine-library.ts";
import { makeError } from "../native/error.ts";
import {
  checkDeadline,
  checkSignal,
  type ExecuteAsyncOptions,
  type ExecuteOptions,
  type ModelRunnerConfig,
  resolveConfig,
} from "./config.ts";
import { type DataDesc, readDescs } from "./data-desc.ts";
import { checkExpectation, type Expectation, type Inputs, type Outputs } from "./expectation.ts";
import { InputPort } from "./input-port.ts";
import { checkInputs, checkOutputs } from "./inputs.ts";
import { filePath, loadModel } from "./load.ts";
import { deadlineError, Pending } from "./pending.ts";
import { closedError, Replica, type Results } from "./replica.ts";
import type { RunnerStats } from "./stats.ts";

/**
 * Runs a model on a native thread of its own. `executeAsync` copies arrays before it returns, passes native memory by
 * reference, and does nothing else on the event loop; `execute` blocks. Requests are answered in the order submitted.
 *
 * ```ts
 * await using digits = await ModelRunner.load("digits.onnx", {
 *   expect: { inputs: { image: "float32" }, outputs: { logits: "float32" } },
 * });
 * const { logits } = await digits.executeAsync({ image });
 * ```
 */
export class ModelRunner<E extends Expectation = Expectation> implements AsyncDisposable {
  readonly #inputs: readonly DataDesc[];
  readonly #ports: readonly InputPort[];
  readonly #outputs: readonly DataDesc[];
  readonly #replica: Replica;
  readonly #maxQueueSize: number;
  #closing: Promise<void> | undefined;

  private constructor(inputs: readonly DataDesc[], outputs: readonly DataDesc[], replica: Replica, max: number) {
    this.#inputs = inputs;
    this.#ports = inputs.map((desc) => new InputPort(desc));
    this.#outputs = outputs;
    this.#replica = replica;
    this.#maxQueueSize = max;
  }

  /**
   * Loads an ONNX model; external weights are found beside it.
   *
   * @throws NotFoundError `file_not_found`, `engine_missing`; FormatError `invalid_model`, `engine_too_old`;
   * ArgumentError `unsupported_type` (strings, sequences, maps), `expectation_failed`, `invalid_argument`; the
   * signal's reason.
   */
  static async load<const E extends Expectation = Expectation>(
    path: string | URL,
    config: ModelRunnerConfig<E> = {},
  ): Promise<ModelRunner<E>> {
    const op = "ModelRunner.load";
    const resolved = resolveConfig(config, op);
    const signal = checkSignal(config.signal, op);
    const engine = findEngineLibrary(config.engine?.path, op);
    const model = await loadModel(filePath(path, op), engine, resolved, signal, op);
    try {
      const inputs = readDescs(model, "input", model.inputCount, op);
      const outputs = readDescs(model, "output", model.outputCount, op);
      if (config.expect !== undefined) checkExpectation(config.expect, inputs, outputs, op);
      return new ModelRunner<E>(inputs, outputs, new Replica(model, outputs), resolved.maxQueueSize);
    } catch (error) {
      await new Replica(model, []).close(op);
      throw error;
    }
  }

  /** What `execute` takes. */
  getExecuteInputs(): readonly DataDesc[] {
    return this.#inputs;
  }

  /** What `execute` gives. */
  getExecuteOutputs(): readonly DataDesc[] {
    return this.#outputs;
  }

  /** Counters since the model was loaded. */
  stats(): RunnerStats {
    return { ...this.#replica.counters, pending: this.#replica.underWay };
  }

  /**
   * Runs the model and blocks until it has answered: on this thread when the model is idle, else after the requests
   * that are queued.
   *
   * @throws ArgumentError `unknown_input`, `missing_input`, `wrong_dtype`, `wrong_shape`, `wrong_size`,
   * `unknown_output`; DeviceError `run_failed`; StateError `closed`
   */
  execute(inputs: Inputs<E>, options: ExecuteOptions = {}): Outputs<E> {
    const op = "ModelRunner.execute";
    this.#mustBeOpen(op);
    const sources = checkInputs(inputs as Inputs, this.#ports, op);
    const given = options.outputs && checkOutputs(options.outputs, this.#outputs, op);
    return this.#replica.run(sources, given, op) as unknown as Outputs<E>;
  }

  /**
   * Queues a request and resolves to the outputs by name. Arrays may be changed as soon as it returns; native memory
   * must stay unchanged until the promise has settled.
   *
   * Rejects as `execute` throws, and with CapacityError `queue_full`, DeadlineError `deadline`, the signal's reason.
   */
  executeAsync(inputs: Inputs<E>, options: ExecuteAsyncOptions = {}): Promise<Outputs<E>> {
    const pending = new Pending<Results>();
    try {
      this.#submit(pending, inputs as Inputs, options);
    } catch (error) {
      pending.reject(error);
    }
    return pending.promise as unknown as Promise<Outputs<E>>;
  }

  #submit(pending: Pending<Results>, inputs: Inputs, options: ExecuteAsyncOptions): void {
    const op = "ModelRunner.executeAsync";
    this.#mustBeOpen(op);
    const signal = checkSignal(options.signal, op);
    if (signal?.aborted) throw signal.reason;
    const deadlineMs = checkDeadline(options.deadlineMs, op);
    if (deadlineMs !== undefined && deadlineMs <= 0) throw deadlineError(deadlineMs, op);
    const sources = checkInputs(inputs, this.#ports, op);
    const given = options.outputs && checkOutputs(options.outputs, this.#outputs, op);
    if (this.#replica.underWay >= this.#maxQueueSize) {
      this.#replica.counters.refused++;
      throw makeError("queue_full", {
        op,
        message: `${this.#replica.underWay} requests are under way, as many as maxQueueSize allows.`,
        hint: "Slow down, or raise maxQueueSize.",
      });
    }
    const giveUp = this.#replica.submit(pending, sources, given, op);
    pending.guard(signal, deadlineMs, op, giveUp);
  }

  /** Waits for the requests under way, then frees the model. Later calls throw `closed`; closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#replica.close("ModelRunner.close");
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #mustBeOpen(op: string): void {
    if (this.#closing !== undefined) throw closedError(op);
  }
}

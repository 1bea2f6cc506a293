import { type Device, DeviceManager, type DeviceSession } from "../device/index.ts";
import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { checkExecutable, isPoplarExecutable } from "../popef/executable/index.ts";
import { type Anchor, Model } from "../popef/index.ts";
import { QueueManager, type QueueManagerArguments } from "../queue/index.ts";
import { closeQueues, failQueues } from "../queue/queue-manager.ts";
import { Anchors } from "./anchors.ts";
import type { InputCallback, InputCallbackFactory, OutputCallback, OutputCallbackFactory } from "./callback.ts";
import { resolveConfig, type SessionConfig } from "./config.ts";
import { type HandlerOptions, Handlers } from "./handlers.ts";
import { Lifecycle } from "./lifecycle.ts";
import { NativeSession } from "./native-session.ts";
import { engineOptions } from "./options.ts";
import type { AnchorCallbackPredicate } from "./policy.ts";
import { blocking, looping, type Steps } from "./steps.ts";

export interface RunOptions {
  /** How often the programs run, one list after the other; 1. `"untilStopped"`: natively, until `stop`. */
  readonly repeat?: number | "untilStopped" | undefined;
}

export interface RunAsyncOptions extends RunOptions {
  /** Stops the session, which then needs `reload`; the promise rejects with the signal's reason when nothing runs any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Links a model to a device. Callbacks run on this thread: inside `run…`, in turns of the event loop during `run…Async`.
 *
 * ```ts
 * await using session = new Session(model);
 * session.bindToDevice(device);
 * session.setUserInputHandler(() => (view) => view.as("float32").set(nextImage()));
 * session.setUserOutputHandler(() => (view) => show(view.as("float32")));
 * session.runMainPrograms();
 * ```
 *
 * Every method of a closed session throws StateError `closed`; those marked so throw `not_bound` without a device, and `busy`
 * while programs run.
 */
export class Session implements AsyncDisposable, DeviceSession {
  readonly #model: Model;
  readonly #life: Lifecycle;
  readonly #anchors: Anchors;
  readonly #handlers: Handlers;
  readonly #owned: Disposable[] = [];
  #queues: QueueManager | undefined;
  #closing: Promise<void> | undefined;

  /**
   * A session without a device. The model must stay open until it is bound the first time.
   *
   * @throws ArgumentError `invalid_argument`; FormatError `package_hash`, `invalid_executable`; and what looking at the
   * executable of a file throws.
   */
  constructor(model: Model, config: SessionConfig = {}) {
    const op = "Session";
    const resolved = resolveConfig(config, op);
    if (resolved.policy === "immediate") {
      throw makeError("invalid_argument", {
        op,
        message: 'a constructor cannot wait for a device, as policy "immediate" says.',
        hint: 'Use await Session.create(model, { policy: "immediate" }).',
      });
    }
    this.#model = model;
    this.#anchors = new Anchors(model, resolved.predTensorData, op);
    const { data } = model.executable;
    const ours = !isPoplarExecutable(data.bytes());
    if (ours) checkExecutable(data.bytes(), { checkPackageHash: resolved.checkPackageHash, op });
    const options = engineOptions(model, resolved, ours);
    const native = new NativeSession(data.native, data.byteLength, options, resolved.checkPackageHash, op);
    this.#life = new Lifecycle(native, model, this, (streams, bindOp) => {
      for (const anchor of this.#anchors.withData) streams.connectData(anchor, bindOp);
    });
    this.#handlers = new Handlers(this.#life, this.#anchors, () => this.#stopNow("Session.callback"));
  }

  /**
   * A session for a model, or for the one in a PopEF file or several, which it then opens and closes itself. With
   * `policy: "immediate"` it gets a device that fits, waiting as `waitConfig` says, and is bound to it.
   *
   * @throws what the constructor, `Model.open`, `DeviceManager.getDeviceAsync` and `bindToDeviceAsync` throw.
   */
  static async create(model: Model | string | readonly string[], config: SessionConfig = {}): Promise<Session> {
    const op = "Session.create";
    const { policy, waitConfig } = resolveConfig(config, op);
    const opened = model instanceof Model ? undefined : await Model.open(model as string | readonly string[]);
    const used = opened ?? (model as Model);
    let session: Session | undefined;
    try {
      await used.executable.loadAsync();
      session = new Session(used, { ...config, policy: "deferred" });
      if (opened !== undefined) session.#owned.push(opened);
      if (policy === "deferred") return session;
      const device = await new DeviceManager().getDeviceAsync(used, { wait: waitConfig });
      session.#owned.unshift(device);
      await session.bindToDeviceAsync(device);
      return session;
    } catch (error) {
      if (session === undefined) opened?.close();
      else await session.close();
      throw error;
    }
  }

  get model(): Model {
    return this.#model;
  }

  /**
   * Loads the executable onto a device, after leaving the one that it was bound to; another session that has the device
   * leaves it before, and saves.
   *
   * @throws `closed`: the device; `busy`; FormatError `invalid_executable`, `package_hash`, `model_conflict`; ArgumentError
   * `invalid_option`; CapacityError `out_of_memory`; DeviceError.
   */
  bindToDevice(device: Device): void {
    this.#block((op) => this.#life.bind(device, op), "Session.bindToDevice");
  }

  bindToDeviceAsync(device: Device): Promise<void> {
    return this.#loop((op) => this.#life.bind(device, op), "Session.bindToDeviceAsync");
  }

  /**
   * Leaves the device. If programs have run and nothing has failed, the save programs run before; outputs of theirs that
   * nothing is connected to are dropped.
   *
   * @throws `not_bound`, `busy`, and what the save programs fail with; the device is left all the same.
   */
  unloadFromDevice(): void {
    this.#block((op) => this.#unload(op), "Session.unloadFromDevice");
  }

  unloadFromDeviceAsync(): Promise<void> {
    return this.#loop((op) => this.#unload(op), "Session.unloadFromDeviceAsync");
  }

  /**
   * Runs the programs that bring weights and other constants to the device. They run by themselves before the first main
   * programs after binding.
   *
   * @throws as `runPrograms`.
   */
  runLoadPrograms(): void {
    this.#block((op) => this.#run("load", {}, op), "Session.runLoadPrograms");
  }

  runLoadProgramsAsync(options: RunAsyncOptions = {}): Promise<void> {
    return this.#loop((op) => this.#run("load", options, op), "Session.runLoadProgramsAsync", options.signal);
  }

  /**
   * Runs the main programs. If another session has taken the device meanwhile, that one leaves it first.
   *
   * @throws as `runPrograms`.
   */
  runMainPrograms(options: RunOptions = {}): void {
    this.#block((op) => this.#run("main", options, op), "Session.runMainPrograms");
  }

  runMainProgramsAsync(options: RunAsyncOptions = {}): Promise<void> {
    return this.#loop((op) => this.#run("main", options, op), "Session.runMainProgramsAsync", options.signal);
  }

  /**
   * Runs the programs that bring weights back. They run by themselves when the session leaves its device.
   *
   * @throws as `runPrograms`.
   */
  runSavePrograms(): void {
    this.#block((op) => this.#run("save", {}, op), "Session.runSavePrograms");
  }

  runSaveProgramsAsync(options: RunAsyncOptions = {}): Promise<void> {
    return this.#loop((op) => this.#run("save", options, op), "Session.runSaveProgramsAsync", options.signal);
  }

  /**
   * Runs these programs in this order, and no others.
   *
   * @throws `not_bound`, `busy`, `stopped`, `not_connected`; ArgumentError `unknown_program`, `invalid_argument`; StateError
   * `callback_failed`, whose `cause` is what the callback threw; DeviceError `device_application`, `device_recoverable` (its
   * `cause.recoveryAction` says what helps), `device_unrecoverable`, `device_unknown`, `host_sync_timeout`; NotFoundError
   * `engine_missing`.
   */
  runPrograms(programs: readonly number[], options: RunOptions = {}): void {
    this.#block((op) => this.#run(programs, options, op), "Session.runPrograms");
  }

  runProgramsAsync(programs: readonly number[], options: RunAsyncOptions = {}): Promise<void> {
    return this.#loop((op) => this.#run(programs, options, op), "Session.runProgramsAsync", options.signal);
  }

  /**
   * Ends what runs: a run until stopped returns, others fail with `stopped`. The queues are disconnected. The device is in no
   * defined state until `reload`.
   */
  stop(): void {
    this.#requireOpen("Session.stop");
    this.#queues?.disconnectAll();
    this.#stopNow("Session.stop");
  }

  /**
   * Loads the executable again onto the device that it is bound to. Callbacks stay; load programs run again before the next
   * main programs.
   *
   * @throws `not_bound`, `busy`; DeviceError.
   */
  reload(): void {
    this.#block((op) => this.#life.reload(op), "Session.reload");
  }

  reloadAsync(): Promise<void> {
    return this.#loop((op) => this.#life.reload(op), "Session.reloadAsync");
  }

  /** Whether nothing runs until `reload`: after `stop`, a callback that threw, or a host sync timeout. */
  isStopped(): boolean {
    return this.#life.stopped;
  }

  /** All inputs, those included that the model's data serves. */
  getInputAnchors(): Anchor[] {
    return [...this.#anchors.inputs];
  }

  getOutputAnchors(): Anchor[] {
    return [...this.#anchors.outputs];
  }

  /** Inputs for the user to serve: without data in the model, or with data that is not to be used. */
  getUserInputAnchors(): Anchor[] {
    return off("user_anchors") ? this.getInputAnchors() : this.#anchors.userInputs();
  }

  getUserOutputAnchors(): Anchor[] {
    return this.#anchors.userOutputs();
  }

  /**
   * Sets what fills an input or takes an output, for all replicas; replaces what did before, the model's data included.
   *
   * @throws `not_bound`, `busy`; ArgumentError `unknown_anchor`, `invalid_argument`
   */
  setCallbackForAnchor(anchorHandle: string, callback: InputCallback): void;
  setCallbackForAnchor(anchorHandle: string, callback: OutputCallback): void;
  setCallbackForAnchor(anchorHandle: string, callback: InputCallback | OutputCallback): void {
    this.#handlers.setOne(anchorHandle, callback, this.#open("Session.setCallbackForAnchor"));
  }

  /**
   * Asks `factory` for the callback of each user input, replica by replica. A callback replaces what served the stream before;
   * null leaves it. `predicate` chooses the inputs: `"bindUserCb"` asks the factory, `"bindEmptyCb"` connects the empty
   * callback (the input reads zeros), `"skipCb"` leaves the stream as it is. Without one the factory is asked for all.
   *
   * @throws `not_bound`, `busy`; ArgumentError `invalid_argument`
   */
  setUserInputHandler(
    factory: InputCallbackFactory,
    predicate?: AnchorCallbackPredicate | null | undefined,
    options?: HandlerOptions | undefined,
  ): void {
    const op = this.#open("Session.setUserInputHandler");
    this.#handlers.setAll(this.#anchors.userInputs(), factory, predicate, options, op);
  }

  /** As `setUserInputHandler`, for outputs: the empty callback drops what the device writes. */
  setUserOutputHandler(
    factory: OutputCallbackFactory,
    predicate?: AnchorCallbackPredicate | null | undefined,
    options?: HandlerOptions | undefined,
  ): void {
    const op = this.#open("Session.setUserOutputHandler");
    this.#handlers.setAll(this.#anchors.userOutputs(), factory, predicate, options, op);
  }

  /**
   * Anchors of these programs that nothing serves, by program; programs that have all they need are left out.
   *
   * @throws `not_bound`; ArgumentError `unknown_program`
   */
  anchorsNotConnectedToCallbacks(programs: readonly number[]): Map<number, Anchor[]> {
    return this.#handlers.notConnected(programs, this.#open("Session.anchorsNotConnectedToCallbacks"));
  }

  /** @throws StateError `not_connected`, listing programs and anchors; and as `anchorsNotConnectedToCallbacks`. */
  errorIfAnchorsAreNotConnectedToCallbacks(programs: readonly number[]): void {
    this.#handlers.requireConnected(programs, this.#open("Session.errorIfAnchorsAreNotConnectedToCallbacks"));
  }

  /**
   * Queues for the anchors that users serve. They belong to the session and end with it; a second call replaces the first's.
   *
   * @throws `not_bound`, `busy`; ArgumentError `replicas_unsupported`, `invalid_argument`
   */
  createQueueManager(...args: QueueManagerArguments): QueueManager {
    const op = this.#open("Session.createQueueManager");
    const host = this.#handlers.queueHost(this.#model, op);
    this.#queues?.[closeQueues]();
    this.#queues = new QueueManager(host, ...args);
    return this.#queues;
  }

  /** For the device: another session takes it, or it is closed. */
  unbindDevice(): void {
    const op = "Session.unbindDevice";
    if (this.#life.resident) blocking(this.#life.displace(op), op);
  }

  /**
   * Ends what runs, leaves the device as `unloadFromDevice` does, and gives everything back. Closing twice is fine. Rejects
   * with what the save programs failed with; the session is closed all the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const op = "Session.close";
    try {
      if (this.#life.busy) {
        this.#queues?.disconnectAll();
        this.#stopNow(op);
        await this.#life.untilIdle();
      }
      await looping(this.#life.unload(op), op);
    } finally {
      this.#queues?.[closeQueues]();
      this.#life.native.close(op);
      for (const one of this.#owned) one[Symbol.dispose]();
    }
  }

  #unload(op: string): Steps<void> {
    this.#life.requireDevice(op);
    return this.#life.unload(op);
  }

  #run(which: "load" | "main" | "save" | readonly number[], { repeat = 1 }: RunOptions, op: string): Steps<void> {
    this.#life.requireDevice(op);
    const programs = typeof which === "string" ? this.#model.metadata.programFlow[which] : which;
    this.#anchors.requirePrograms(programs, op);
    const times = repeat === "untilStopped" ? 0 : checkInteger(repeat, "repeat", op, 1);
    return this.#life.run([...programs], times, which === "main", op);
  }

  #stopNow(op: string): void {
    this.#life.stop(op);
  }

  #open(op: string): string {
    this.#requireOpen(op);
    return op;
  }

  #requireOpen(op: string): void {
    if (this.#closing !== undefined) throw makeError("closed", { op, message: "the session was closed." });
  }

  #block(steps: (op: string) => Steps<void>, op: string): void {
    this.#requireOpen(op);
    try {
      blocking(steps(op), op);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #loop(steps: (op: string) => Steps<void>, op: string, signal?: AbortSignal | undefined): Promise<void> {
    this.#requireOpen(op);
    signal?.throwIfAborted();
    const begun = steps(op);
    const abort = () => this.#stopNow(op);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await looping(begun, op);
    } catch (error) {
      throw signal?.aborted ? signal.reason : this.#failed(error);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    signal?.throwIfAborted();
  }

  /** Those who wait at the queues would wait for ever. */
  #failed(error: unknown): unknown {
    if (this.#life.failedRun) this.#queues?.[failQueues](error);
    return error;
  }
}

switchable("Session", Session);

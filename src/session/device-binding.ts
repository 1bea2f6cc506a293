import type { Device, DeviceSession } from "../device/index.ts";
import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import type { Model } from "../popef/index.ts";
import type { QueueManager } from "../queue/index.ts";
import { closeQueues, failQueues } from "../queue/queue-manager.ts";
import type { Anchors } from "./anchors.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { NativeSession } from "./native-session.ts";
import { blocking, looping, type Steps } from "./steps.ts";

export interface RunOptions {
  /** How often the programs run, one list after the other; 1. `"untilStopped"`: natively, until `stop`. */
  readonly repeat?: number | "untilStopped" | undefined;
}

export interface RunAsyncOptions extends RunOptions {
  /** Stops the session, which then needs `reload`; the promise rejects with the signal's reason when nothing runs any more. */
  readonly signal?: AbortSignal | undefined;
}

/** The half of a `Session` that has to do with devices and programs. */
export class DeviceBinding implements AsyncDisposable, DeviceSession {
  readonly #model: Model;
  readonly #life: Lifecycle;
  readonly #anchors: Anchors;
  readonly #owned: Disposable[] = [];
  #queues: QueueManager | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(native: NativeSession, model: Model, anchors: Anchors) {
    this.#model = model;
    this.#anchors = anchors;
    this.#life = new Lifecycle(native, model, this, (streams, op) => {
      for (const anchor of anchors.withData) streams.connectData(anchor, op);
    });
  }

  get model(): Model {
    return this.#model;
  }

  /** For the model runner. @internal */
  static life(session: DeviceBinding): Lifecycle {
    return session.#life;
  }

  protected get life(): Lifecycle {
    return this.#life;
  }

  /** Closed after the session, in this order. */
  protected own(one: Disposable): void {
    this.#owned.unshift(one);
  }

  protected setQueues(make: () => QueueManager): QueueManager {
    this.#queues?.[closeQueues]();
    this.#queues = make();
    return this.#queues;
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
    if (!off("stop_disconnects")) this.#queues?.disconnectAll();
    this.#life.stop("Session.stop");
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

  /** For the device: another session takes it, or it is closed. */
  unbindDevice(): void {
    const op = "Session.unbindDevice";
    if (this.#life.resident && !off("session_displaces")) blocking(this.#life.displace(op), op);
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
        this.#life.stop(op);
        await this.#life.untilIdle();
      }
      await looping(this.#life.unload(op), op);
    } finally {
      if (!off("queues_close")) this.#queues?.[closeQueues]();
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
    const times = off("session_repeat") ? 1 : repeat === "untilStopped" ? 0 : checkInteger(repeat, "repeat", op, 1);
    return this.#life.run([...programs], times, which === "main", op);
  }

  /** `op`, unless the session was closed. */
  protected open(op: string): string {
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
    const abort = () => this.#life.stop(op);
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

switchable("Session", DeviceBinding);

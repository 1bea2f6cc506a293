import { type MillraceError, makeError } from "../native/error.ts";
import { type Assignment, readAssignment } from "./assignment.ts";
import { endWithParent } from "./end-with-parent.ts";
import { openPayload, type Payload } from "./payload.ts";

type Verdict = boolean | Promise<boolean>;

/** What a driver is doing, as its notification handler hears it. */
export const DriverState = {
  Preparing: "preparing",
  Executing: "executing",
  CleaningUp: "cleaningUp",
  Succeeded: "succeeded",
  Failed: "failed",
} as const;
export type DriverState = (typeof DriverState)[keyof typeof DriverState];

export interface DriverNotification {
  readonly state: DriverState;
  /** With `failed`: why. */
  readonly error?: MillraceError | undefined;
}

/**
 * The handlers of an operator, each called at most once and in this order. True means success, false failure; what a
 * handler throws is a failure with that as its cause. A handler left out succeeds.
 */
export interface DriverOptions<Data> {
  /** Before the inputs can be used. When it fails, `execute` is not called. */
  readonly prepare?: ((driver: Driver<Data>) => Verdict) | undefined;
  /** The operator's work. The payload is valid until the handler returns, or until its promise settles. */
  readonly execute?: ((driver: Driver<Data>, payload: Payload) => Verdict) | undefined;
  /** After the payload is closed; also when a handler before it failed. */
  readonly cleanup?: ((driver: Driver<Data>) => Verdict) | undefined;
  /** Hears of every change of state and of the failure. What it throws becomes a warning. */
  readonly notification?: ((driver: Driver<Data>, notification: DriverNotification) => void) | undefined;
  /** Kept for the handlers as `driver.applicationData`. */
  readonly applicationData?: Data | undefined;
}

/** Runs the handlers of an operator in the process that a `Pipeline` started. */
export class Driver<Data = undefined> {
  readonly applicationData: Data | undefined;
  /** UUID of the run. */
  readonly jobId: string;
  /** Name of the pipeline. */
  readonly jobName: string;
  /** Name of this operator. */
  readonly stageName: string;
  readonly #options: DriverOptions<Data>;
  readonly #assignment: Assignment;
  #running: Promise<void> | undefined;

  /** @throws `not_in_pipeline` when no pipeline started this process. */
  constructor(options: DriverOptions<Data> = {}) {
    this.#assignment = readAssignment(process.env, "Driver");
    this.#options = options;
    this.applicationData = options.applicationData;
    this.jobId = this.#assignment.jobId;
    this.jobName = this.#assignment.jobName;
    this.stageName = this.#assignment.stageName;
  }

  /** Begins with the handlers. A second call changes nothing. */
  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  /**
   * Resolves when all handlers are done; starts the driver if `start` was not called.
   *
   * @throws `operator_failed`, whose `cause` is what a handler threw. The process then exits with code 1, so that the
   * pipeline hears of it even when the caller catches this.
   */
  async waitForCompletion(): Promise<void> {
    await this.start().#running;
  }

  async #run(): Promise<void> {
    using _watch = endWithParent();
    const { prepare, execute, cleanup } = this.#options;
    let failure = await this.#phase("prepare", DriverState.Preparing, prepare && (() => prepare(this)));
    failure ??= await this.#phase("execute", DriverState.Executing, execute && (() => this.#execute(execute)));
    const untidy = await this.#phase("cleanup", DriverState.CleaningUp, cleanup && (() => cleanup(this)));
    failure ??= untidy;
    this.#notify({ state: failure === undefined ? DriverState.Succeeded : DriverState.Failed, error: failure });
    if (failure === undefined) return;
    process.exitCode = 1;
    throw failure;
  }

  async #execute(execute: NonNullable<DriverOptions<Data>["execute"]>): Promise<boolean> {
    using opened = openPayload(this.#assignment);
    return await execute(this, opened.payload);
  }

  async #phase(name: string, state: DriverState, handler?: () => Verdict): Promise<MillraceError | undefined> {
    if (handler === undefined) return undefined;
    this.#notify({ state });
    let cause: unknown;
    let how: string;
    try {
      const verdict: unknown = await handler();
      if (verdict === true) return undefined;
      how = verdict === false ? "returned false" : `returned ${String(verdict)}, neither true nor false`;
    } catch (error) {
      cause = error;
      how = `threw: ${error instanceof Error ? error.message : String(error)}`;
    }
    const message = `the ${name} handler of operator "${this.stageName}" ${how}.`;
    return makeError("operator_failed", { op: `Driver.${name}`, message, hint: "Look into that handler.", cause });
  }

  #notify(notification: DriverNotification): void {
    try {
      this.#options.notification?.(this, notification);
    } catch (error) {
      process.emitWarning(`the notification handler of operator "${this.stageName}" threw: ${String(error)}`);
    }
  }
}

import type { Device, DeviceSession } from "../device/index.ts";
import { check } from "../native/check.ts";
import { MillraceError, makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { Model } from "../popef/index.ts";
import type { NativeSession } from "./native-session.ts";
import type { Command, Steps } from "./steps.ts";
import { Streams } from "./streams.ts";

/** Which session's executable is on a device. */
const residents = new WeakMap<Device, Lifecycle>();

/** A session's way through binding, load programs, main programs, save programs and unbinding, as steps. */
export class Lifecycle {
  readonly native: NativeSession;
  readonly model: Model;
  readonly #owner: DeviceSession;
  readonly #onStreams: (streams: Streams, op: string) => void;
  streams: Streams | undefined;
  /** What a callback threw in the run under way. */
  callbackError: { readonly handle: string; readonly error: unknown } | undefined;
  /** The last run ended with an error. */
  failedRun = false;
  #device: Device | undefined;
  /** Where the executable is. */
  #home: Device | undefined;
  #stopped = false;
  /** Programs have run since binding, and nothing has failed: there is something to save. */
  #worthSaving = false;
  #loaded = false;
  #busy = false;
  readonly #waiting: Array<() => void> = [];

  constructor(
    native: NativeSession,
    model: Model,
    owner: DeviceSession,
    onStreams: (streams: Streams, op: string) => void,
  ) {
    this.native = native;
    this.model = model;
    this.#owner = owner;
    this.#onStreams = onStreams;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get bound(): boolean {
    return this.#device !== undefined && !this.#device.closed;
  }

  get resident(): boolean {
    return this.#home !== undefined;
  }

  requireDevice(op: string): Device {
    if (this.bound || off("not_bound")) return this.#device!;
    throw makeError("not_bound", { op });
  }

  requireIdle(op: string): void {
    if (this.#busy) throw makeError("busy", { op, message: "the session runs programs, or is being bound." });
  }

  /** Resolves once nothing is under way. */
  async untilIdle(): Promise<void> {
    while (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  *bind(device: Device, op: string): Steps<void> {
    this.requireIdle(op);
    if (this.#device !== undefined && !off("bind_unbinds")) yield* this.unload(op);
    yield* this.#alone(op, this.#take(device, op));
    this.#device = device;
  }

  *unload(op: string): Steps<void> {
    this.requireIdle(op);
    const device = this.#device;
    try {
      yield* this.displace(op);
    } finally {
      this.#device = undefined;
      if (device?.isActiveSession(this.#owner)) device.unbindSession();
    }
  }

  /** Leaves the device to others; the session stays bound to it and comes back when it runs main programs. */
  *displace(op: string): Steps<void> {
    if (this.resident) yield* this.#alone(op, this.#leave(op));
  }

  *reload(op: string): Steps<void> {
    yield* this.#alone(op, this.#reload(op));
  }

  /** `loads`: the load programs come first, if they have not run since binding. `times` 0: until stopped. */
  *run(programs: readonly number[], times: number, loads: boolean, op: string): Steps<void> {
    yield* this.#alone(op, this.#run(programs, times, loads, op));
  }

  /** What has run since binding is not worth saving. */
  discard(): void {
    this.#worthSaving = false;
  }

  stop(op: string): void {
    if (!this.resident) return;
    this.#stopped = !off("stop_stops");
    this.#worthSaving = false;
    this.native.stop(op);
  }

  *#alone(op: string, steps: Steps<void>): Steps<void> {
    this.requireIdle(op);
    this.#busy = true;
    try {
      yield* steps;
    } finally {
      this.#busy = false;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  *#take(device: Device, op: string): Steps<void> {
    const other = residents.get(device);
    if (other !== this && other !== undefined && !off("session_displaces")) yield* other.displace(op);
    device.bindToSession(this.#owner);
    yield this.#command(() => this.native.bind(device.native), op);
    this.#home = device;
    residents.set(device, this);
    this.#fresh();
    if (this.streams !== undefined) return;
    try {
      const streams = new Streams(this.native, this.model, op);
      this.#onStreams(streams, op);
      this.streams = streams;
    } catch (error) {
      yield* this.#leave(op);
      throw error;
    }
  }

  *#leave(op: string): Steps<void> {
    try {
      if (this.#worthSaving && !off("implicit_save")) yield* this.#save(op);
    } finally {
      try {
        yield this.#command(() => this.native.unbind(), op);
      } finally {
        residents.delete(this.#home!);
        this.#home = undefined;
        this.#fresh();
      }
    }
  }

  /** Outputs that nobody has connected are dropped. */
  *#save(op: string): Steps<void> {
    const programs = this.model.metadata.programFlow.save;
    if (programs.length === 0) return;
    for (const anchor of this.#anchorsOf(programs)) {
      const { replicas } = this.streams!.of(anchor, op);
      for (let replica = 0; replica < replicas; replica++)
        if (!this.streams!.isConnected(anchor, replica)) this.streams!.connectEmpty(anchor, replica, "implicit", op);
    }
    yield* this.#execute(programs, 1, op);
  }

  *#reload(op: string): Steps<void> {
    const device = this.requireDevice(op);
    if (!this.resident) return yield* this.#take(device, op);
    yield this.#command(() => this.native.reload(), op);
    this.#fresh();
  }

  *#run(programs: readonly number[], times: number, loads: boolean, op: string): Steps<void> {
    const device = this.requireDevice(op);
    if (!this.resident) yield* this.#take(device, op);
    if (this.#stopped) throw makeError("stopped", { op });
    const { load } = this.model.metadata.programFlow;
    const first = loads && !this.#loaded && !off("implicit_load") ? load : [];
    this.#requireConnected([...first, ...programs], op);
    try {
      if (first.length > 0) yield* this.#execute(first, 1, op);
    } catch (error) {
      if (times > 0 || !this.#stopped || codeOf(error) !== "stopped") throw error;
      this.failedRun = false;
      return;
    }
    if (programs.length > 0) yield* this.#execute(programs, times, op);
  }

  *#execute(programs: readonly number[], times: number, op: string): Steps<void> {
    this.callbackError = undefined;
    this.failedRun = true;
    try {
      yield this.#command(() => this.native.run(programs, times), op);
    } catch (error) {
      this.#worthSaving = false;
      if (codeOf(error) === "host_sync_timeout") this.#stopped = true;
      this.#throwCallbackError(op);
      throw error;
    }
    this.#throwCallbackError(op);
    this.failedRun = false;
    if (this.#stopped) return;
    this.#worthSaving = true;
    this.#loaded ||= this.model.metadata.programFlow.load.every((program) => programs.includes(program));
  }

  #throwCallbackError(op: string): void {
    if (this.callbackError === undefined) return;
    const { handle, error: cause } = this.callbackError;
    this.callbackError = undefined;
    throw makeError("callback_failed", { op, message: `the callback of "${handle}" threw: ${String(cause)}`, cause });
  }

  #requireConnected(programs: readonly number[], op: string): void {
    const missing = this.#anchorsOf(programs).filter((anchor) => !this.streams!.isWholeConnected(anchor));
    if (missing.length === 0) return;
    const names = missing.map((anchor) => `"${anchor.handle}"`).join(", ");
    throw makeError("not_connected", { op, message: `nothing serves ${names}.` });
  }

  #anchorsOf(programs: readonly number[]) {
    return this.model.metadata.anchors.filter(
      (anchor) => this.streams!.has(anchor) && anchor.programs.some((program) => programs.includes(program)),
    );
  }

  #fresh(): void {
    this.#stopped = false;
    this.#worthSaving = false;
    this.#loaded = false;
  }

  #command(begin: () => number, op: string): Command {
    return { session: this.native, begin: () => void check(begin(), op) };
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof MillraceError ? error.code : undefined;
}

import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off, switchable } from "../native/switches.ts";
import { type DeviceInfo, type DeviceTarget, readInfo } from "./device-target.ts";

/** What a device tells the session that is bound to it. */
export interface DeviceSession {
  /** Another session takes the device, or it is closed: unload, running what is to run before. */
  unbindDevice(): void;
}

/** A device that this process has: attached until it is closed, or until the thread that got it ends. */
export class Device implements Disposable {
  /** For the native side; a session keeps a reference of its own. */
  readonly native: { readonly slot: number; readonly generation: number };
  readonly #info: DeviceInfo;
  #session: DeviceSession | undefined;
  #closed = false;

  private constructor(slot: number, op: string) {
    this.native = { slot, generation: block.results[0]! };
    check(native.mr_device_info(slot, this.native.generation), op);
    this.#info = readInfo(block.results);
  }

  /** Owns the handle that a call has just returned. @internal */
  static adopt(slot: number, op: string): Device {
    return new Device(slot, op);
  }

  /** The number in the architecture's name, 2 or 21 for instance; -1 when it is unknown, 0 for the CPU. */
  ipuVersion(): number {
    return this.#info.ipuVersion;
  }

  get id(): number {
    return this.#info.id;
  }

  get target(): DeviceTarget {
    return this.#info.target;
  }

  get numIpus(): number {
    return this.#info.numIpus;
  }

  get tilesPerIpu(): number {
    return this.#info.tilesPerIpu;
  }

  get supportsRemoteBuffers(): boolean {
    return this.#info.supportsRemoteBuffers;
  }

  /** Whether the device is this object's alone; a closed one is not. */
  get attached(): boolean {
    if (this.#closed) return false;
    check(native.mr_device_info(this.native.slot, this.native.generation), "Device.attached");
    return block.results[6] === 1;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Resets the hardware. What was loaded is gone: `session.reload()` brings it back.
   *
   * @throws `closed`, `device_unrecoverable`
   */
  reset(): void {
    this.#requireOpen("Device.reset");
    check(native.mr_device_reset(this.native.slot, this.native.generation), "Device.reset");
  }

  /** Whether `session` is the one that uses this device. */
  isActiveSession(session: DeviceSession): boolean {
    return this.#session === session;
  }

  /** For sessions: makes `session` the one that uses this device; the one that did is told to unbind first. @throws `closed` */
  bindToSession(session: DeviceSession): void {
    this.#requireOpen("Device.bindToSession");
    if (this.#session === session) return;
    this.unbindSession();
    this.#session = session;
  }

  /** For sessions: tells the session that uses this device to unbind, if there is one. */
  unbindSession(): void {
    const session = this.#session;
    this.#session = undefined;
    if (!off("device_unbinds_session")) session?.unbindDevice();
  }

  /** Unbinds the session and gives the device back. */
  close(): void {
    if (this.#closed) return;
    this.unbindSession();
    this.#closed = true;
    check(native.mr_device_close(this.native.slot, this.native.generation), "Device.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(op: string): void {
    if (this.#closed) throw makeError("closed", { op, message: `device ${this.id} was closed.` });
  }
}

switchable("Device", Device);

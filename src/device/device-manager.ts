import { check, checkInteger } from "../native/check.ts";
import { MillraceError, makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off, switchable } from "../native/switches.ts";
import { type Acquired, acquire, acquireAsync } from "./acquire.ts";
import { Device } from "./device.ts";
import { currentDriver, type DeviceDriver } from "./device-driver.ts";
import { type DeviceDescription, listDevices } from "./device-list.ts";
import { readInfo } from "./device-target.ts";
import {
  type Cancellable,
  checkIpus,
  type DeviceModel,
  type DeviceWish,
  metadataOf,
  type SpecificDeviceWish,
  type Wish,
  wishById,
  wishByNumber,
} from "./device-wish.ts";
import { requireDriver } from "./driver.ts";
import { withMissingDriver } from "./missing-driver.ts";

export type { DeviceDescription } from "./device-list.ts";
export type { DeviceModel, DeviceWish, SpecificDeviceWish } from "./device-wish.ts";

/** `DeviceWish` of a call that can be aborted. */
export type AsyncDeviceWish = DeviceWish & Cancellable;

const defaults: { readonly ipuVersion?: number; readonly tilesPerIpu?: number } = switchable("createIpuModelDevice", {
  ipuVersion: 2,
  tilesPerIpu: 0,
});
const smallTiles = 4;

/**
 * Selects the device to run on. It keeps nothing: make as many as you like.
 *
 * `get…` throw `device_unavailable` when no device that fits could be attached to; `tryGet…` give undefined then. Both
 * throw at once, whatever `wait` says, `device_not_found` for an id that does not exist, `invalid_option`,
 * `invalid_argument`; `get…` also for a number of IPUs that no device of the system has. Where nothing drives IPUs, that is
 * what the error says.
 */
export class DeviceManager {
  /** A device with so many IPUs, or one for `model`: its number of IPUs and its device options. Blocks while it waits. */
  getDevice(which: number | DeviceModel, wish: DeviceWish = {}): Device {
    const op = "DeviceManager.getDevice";
    return get(wishByNumber(which, wish, op), op);
  }

  tryGetDevice(which: number | DeviceModel, wish: DeviceWish = {}): Device | undefined {
    const op = "DeviceManager.tryGetDevice";
    return tryGet(wishByNumber(which, wish, op), op);
  }

  async getDeviceAsync(which: number | DeviceModel, wish: AsyncDeviceWish = {}): Promise<Device> {
    const op = "DeviceManager.getDeviceAsync";
    return getAsync(wishByNumber(which, wish, op), wish.signal, op);
  }

  async tryGetDeviceAsync(which: number | DeviceModel, wish: AsyncDeviceWish = {}): Promise<Device | undefined> {
    const op = "DeviceManager.tryGetDeviceAsync";
    return tryGetAsync(wishByNumber(which, wish, op), wish.signal, op);
  }

  /** The device of this id; `devices()` lists them. */
  getSpecificDevice(deviceId: number, wish: SpecificDeviceWish = {}): Device {
    const op = "DeviceManager.getSpecificDevice";
    return get(wishById(deviceId, wish, op), op);
  }

  tryGetSpecificDevice(deviceId: number, wish: SpecificDeviceWish = {}): Device | undefined {
    const op = "DeviceManager.tryGetSpecificDevice";
    return tryGet(wishById(deviceId, wish, op), op);
  }

  async getSpecificDeviceAsync(deviceId: number, wish: SpecificDeviceWish & Cancellable = {}): Promise<Device> {
    const op = "DeviceManager.getSpecificDeviceAsync";
    return getAsync(wishById(deviceId, wish, op), wish.signal, op);
  }

  async tryGetSpecificDeviceAsync(
    deviceId: number,
    wish: SpecificDeviceWish & Cancellable = {},
  ): Promise<Device | undefined> {
    const op = "DeviceManager.tryGetSpecificDeviceAsync";
    return tryGetAsync(wishById(deviceId, wish, op), wish.signal, op);
  }

  /**
   * A model of IPUs on the host, attached. `tilesPerIpu` 0, the default: as many as the architecture has. `ipuVersion`: 2
   * by default; a `which` that is a model brings its own.
   *
   * @throws `invalid_argument`, `invalid_option` (an architecture, or a number of IPUs or tiles, that there is not)
   */
  createIpuModelDevice(which: number | DeviceModel, options: IpuModelOptions = {}): Device {
    const op = "DeviceManager.createIpuModelDevice";
    return createModel(which, options.ipuVersion, options.tilesPerIpu, op);
  }

  /** A model with 4 tiles per IPU: quick, but with room for small programs only. */
  createSmallIpuModelDevice(which: number | DeviceModel, options: SmallIpuModelOptions = {}): Device {
    const op = "DeviceManager.createSmallIpuModelDevice";
    return createModel(which, options.ipuVersion, off("device_small_tiles") ? 0 : smallTiles, op);
  }

  /** This machine's processor, which runs programs as well, and is nobody's alone. */
  createCpuDevice(): Device {
    const op = "DeviceManager.createCpuDevice";
    return Device.adopt(check(native.mr_device_createCpu(), op), op);
  }

  /** The devices of the system, whoever has them. Those with several IPUs share them with others. */
  devices(): DeviceDescription[] {
    return listDevices("DeviceManager.devices");
  }

  /**
   * What devices come from: the Poplar shim where one was built, whatever `MILLRACE_POPLAR` names, or neither. Simulated IPUs
   * are there only for whoever began a simulation.
   */
  driver(): DeviceDriver {
    return currentDriver("DeviceManager.driver");
  }

  /** The architecture of the system's IPUs: 2 for GC200 and Bow, 21 for C600; -1 when it is unknown, 0 without IPUs. */
  ipuHardwareVersion(): number {
    const op = "DeviceManager.ipuHardwareVersion";
    requireDriver(op);
    if (check(native.mr_device_count(), op) === 0) return 0;
    check(native.mr_device_describe(0), op);
    return readInfo(block.results).ipuVersion;
  }
}

switchable("DeviceManager", DeviceManager);

export interface SmallIpuModelOptions {
  /** Architecture: 1, 2 or 21. Default 2, or the model's. */
  readonly ipuVersion?: number | undefined;
}

export interface IpuModelOptions extends SmallIpuModelOptions {
  /** Default 0: as many as the architecture has. */
  readonly tilesPerIpu?: number | undefined;
}

function createModel(which: number | DeviceModel, version: number | undefined, tiles: number | undefined, op: string) {
  const metadata = typeof which === "object" ? metadataOf(which, op) : undefined;
  const numIpus = checkIpus(which, metadata, op);
  const ofModel = off("device_version_of_model") ? undefined : metadata?.ipuVersion;
  const ipuVersion = checkInteger(version ?? ofModel ?? defaults.ipuVersion, "ipuVersion", op, 0, 0xffff);
  const asked = off("device_model_tiles") ? undefined : tiles;
  const tilesPerIpu = checkInteger(asked ?? defaults.tilesPerIpu, "tilesPerIpu", op, 0, 0x7fff_ffff);
  requireDriver(op);
  return Device.adopt(check(native.mr_device_createModel(ipuVersion, numIpus, tilesPerIpu, 0), op), op);
}

function get(wish: Wish, op: string): Device {
  try {
    return orThrow(acquire(wish.wanted, wish.wait, op), op);
  } catch (error) {
    throw withMissingDriver(error, op);
  }
}

async function getAsync(wish: Wish, signal: AbortSignal | undefined, op: string): Promise<Device> {
  try {
    return orThrow(await acquireAsync(wish.wanted, wish.wait, op, signal), op);
  } catch (error) {
    throw withMissingDriver(error, op);
  }
}

function tryGet(wish: Wish, op: string): Device | undefined {
  try {
    return orUndefined(acquire(wish.wanted, wish.wait, op));
  } catch (error) {
    return noneExists(error);
  }
}

async function tryGetAsync(wish: Wish, signal: AbortSignal | undefined, op: string): Promise<Device | undefined> {
  try {
    return orUndefined(await acquireAsync(wish.wanted, wish.wait, op, signal));
  } catch (error) {
    return noneExists(error);
  }
}

function orThrow(acquired: Acquired, op: string): Device {
  if (acquired instanceof Device) return acquired;
  throw makeError("device_unavailable", { op, message: `no device is free: ${acquired.refusal}.` });
}

function orUndefined(acquired: Acquired): Device | undefined {
  return acquired instanceof Device ? acquired : undefined;
}

/** Not to be had is not to be had, also when nobody has it. */
function noneExists(error: unknown): undefined {
  if (error instanceof MillraceError && error.code === "device_unavailable") return undefined;
  throw error;
}

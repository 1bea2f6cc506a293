import { type Device, DeviceManager, type DeviceWait } from "../../device/index.ts";
import { logChoice } from "../../native/log.ts";
import { off } from "../../native/switches.ts";
import type { Model } from "../../popef/index.ts";
import type { ModelRunnerConfig, ResolvedConfig } from "../config.ts";
import { namedDevices } from "./runner-device.ts";

export interface ChosenDevice {
  /** Undefined: this machine's processor, which needs no choosing. */
  readonly device: Device | undefined;
  /** Closed with the runner. */
  readonly owned: boolean;
}

export const isOnCpu = ({ device }: ChosenDevice): boolean => device === undefined || device.target === "cpu";

/**
 * A device for each replica, none of them CUDA's: the one that the caller names, else one of the system's IPUs, or the CPU in a system without. If one
 * cannot be had, those that were got are given back.
 */
export async function chooseDevices(
  model: Model,
  given: ModelRunnerConfig,
  config: ResolvedConfig,
  signal: AbortSignal | undefined,
  op: string,
): Promise<ChosenDevice[]> {
  const named = off("replica_to_device") ? {} : namedDevices(given, config.replicationFactor, op);
  const manager = new DeviceManager();
  const chosen: ChosenDevice[] = [];
  let hasIpus: boolean | undefined;
  try {
    for (let replica = 0; replica < config.replicationFactor; replica++) {
      const device = named[replica] as Device | undefined;
      hasIpus ??= device === undefined ? manager.ipuHardwareVersion() !== 0 && !off("automatic_devices") : undefined;
      if (device !== undefined) chosen.push({ device, owned: false });
      else if (!hasIpus) chosen.push({ device: undefined, owned: false });
      else {
        const wait = off("device_wait_config") ? {} : (given.deviceWaitConfig ?? defaultWait());
        const got = await manager.getDeviceAsync(model, { wait, signal });
        chosen.push({ device: got, owned: true });
      }
    }
  } catch (error) {
    giveDevicesBack(chosen);
    throw error;
  }
  const places = chosen.map((one) => (isOnCpu(one) ? "the CPU" : `${one.device!.target} ${one.device!.id}`));
  const why = hasIpus === false ? ": the system has no IPU" : "";
  logChoice(`model ${model.metadata.executable} runs on ${places.join(", ")}${why}`);
  return chosen;
}

/** Not at all. */
function defaultWait(): DeviceWait {
  return off("device_wait_default") ? { strategy: "waitForever", sleepTimeMs: 100 } : {};
}

export function giveDevicesBack(chosen: readonly ChosenDevice[]): void {
  for (const { device, owned } of chosen) if (owned) device?.close();
}

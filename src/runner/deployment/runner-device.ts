import type { Device } from "../../device/index.ts";
import { makeError } from "../../native/error.ts";
import type { ModelRunnerConfig } from "../config.ts";

/** A `CudaDevice` of `millrace/cuda`, as far as a runner has to do with it. */
export interface GpuDevice {
  readonly native: { readonly slot: number; readonly generation: number };
  /** As CUDA counts devices. */
  readonly ordinal: number;
}

/** What a replica may run on. */
export type RunnerDevice = Device | GpuDevice;

/** By shape: whoever has no GPU pays nothing for the class. */
export function isGpu(device: RunnerDevice | undefined): device is GpuDevice {
  return device !== undefined && typeof (device as GpuDevice).ordinal === "number";
}

/** The devices that the caller names, by replica. @throws ArgumentError `invalid_argument` */
export function namedDevices(
  { device, replicaToDevice = {} }: Pick<ModelRunnerConfig, "device" | "replicaToDevice">,
  replicas: number,
  op: string,
): Readonly<Record<number, RunnerDevice>> {
  for (const replica of Object.keys(replicaToDevice)) {
    if (Number(replica) < replicas) continue;
    throw makeError("invalid_argument", { op, message: `replicaToDevice names replica ${replica} of ${replicas}.` });
  }
  if (device === undefined) return replicaToDevice;
  if (replicas > 1 && !isGpu(device)) {
    throw makeError("invalid_argument", {
      op,
      message: `${replicas} replicas cannot share one ${device.target} device.`,
      hint: "Name a device for each replica in replicaToDevice.",
    });
  }
  return {
    ...Object.fromEntries(Array.from({ length: replicas }, (_, replica) => [replica, device])),
    ...replicaToDevice,
  };
}

/**
 * The CUDA device of each replica; undefined: none has one.
 * @throws ArgumentError `invalid_argument`: some have one and others not
 */
export function gpusOf(
  named: Readonly<Record<number, RunnerDevice>>,
  replicas: number,
  op: string,
): readonly GpuDevice[] | undefined {
  const devices = Array.from({ length: replicas }, (_, replica) => named[replica]);
  const gpus = devices.filter(isGpu);
  if (gpus.length === 0) return undefined;
  if (gpus.length === replicas) return gpus;
  const other = devices.findIndex((device) => !isGpu(device));
  throw makeError("invalid_argument", {
    op,
    message: `replica ${other} has no CUDA device, and ${gpus.length} of ${replicas} replicas have one.`,
    hint: "Give every replica a CUDA device, or none.",
  });
}

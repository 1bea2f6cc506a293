/** What a device is. */
export const DeviceTarget = {
  /** IPUs of the system. */
  Ipu: "ipu",
  /** A model of IPUs, on the host. */
  IpuModel: "ipuModel",
  /** This machine's processor. */
  Cpu: "cpu",
} as const;
export type DeviceTarget = (typeof DeviceTarget)[keyof typeof DeviceTarget];

const byNumber: readonly DeviceTarget[] = Object.values(DeviceTarget);

export interface DeviceInfo {
  /** What `getSpecificDevice` takes. Models and the CPU have 0. */
  readonly id: number;
  readonly target: DeviceTarget;
  /** The number in the architecture's name: 2 for "ipu2" (GC200, Bow), 21 for "ipu21" (C600); -1 unknown, 0 no IPU. */
  readonly ipuVersion: number;
  readonly numIpus: number;
  readonly tilesPerIpu: number;
  readonly supportsRemoteBuffers: boolean;
}

/** What the last call left in the block: see `mr_device_info`. */
export function readInfo(results: Float64Array): DeviceInfo {
  return {
    id: results[0]!,
    target: byNumber[results[1]!] ?? "ipu",
    ipuVersion: results[2]!,
    numIpus: results[3]!,
    tilesPerIpu: results[4]!,
    supportsRemoteBuffers: results[5] === 1,
  };
}

import { readText } from "../native/check.ts";
import { block } from "../native/library.ts";

/** What a GPU is. */
export interface CudaDeviceInfo {
  /** Its number, from 0. */
  readonly ordinal: number;
  readonly name: string;
  /** `GPU-` and 32 hexadecimal digits in groups, as NVIDIA's tools print it. */
  readonly uuid: string;
  /** Bytes of its memory. */
  readonly totalMemory: number;
  readonly attributes: CudaAttributes;
}

/** What the driver calls attributes; 0 where the driver does not know one. */
export interface CudaAttributes {
  readonly computeCapabilityMajor: number;
  readonly computeCapabilityMinor: number;
  readonly multiprocessorCount: number;
  readonly maxThreadsPerBlock: number;
  /** Bytes. */
  readonly maxSharedMemoryPerBlock: number;
  readonly warpSize: number;
  /** kHz. */
  readonly clockRate: number;
  /** kHz. */
  readonly memoryClockRate: number;
  /** Bits. */
  readonly memoryBusWidth: number;
  /** Bytes. */
  readonly l2CacheSize: number;
  readonly asyncEngineCount: number;
  readonly integrated: number;
  readonly pciDomainId: number;
  readonly pciBusId: number;
  readonly pciDeviceId: number;
  readonly unifiedAddressing: number;
  readonly hostRegisterSupported: number;
  readonly readOnlyHostRegisterSupported: number;
  readonly memoryPoolsSupported: number;
  readonly ipcEventSupported: number;
}

/** In the order of `zig/cuda/facts.zig`. */
const names: readonly (keyof CudaAttributes)[] = [
  "computeCapabilityMajor",
  "computeCapabilityMinor",
  "multiprocessorCount",
  "maxThreadsPerBlock",
  "maxSharedMemoryPerBlock",
  "warpSize",
  "clockRate",
  "memoryClockRate",
  "memoryBusWidth",
  "l2CacheSize",
  "asyncEngineCount",
  "integrated",
  "pciDomainId",
  "pciBusId",
  "pciDeviceId",
  "unifiedAddressing",
  "hostRegisterSupported",
  "readOnlyHostRegisterSupported",
  "memoryPoolsSupported",
  "ipcEventSupported",
];
const uuidBytes = 16;
const uuidGroups = [4, 2, 2, 2, 6];

/** Where the priorities of streams begin in the block's values. */
export const prioritiesAt = names.length + uuidBytes;

/** Of the device that a call has just described. */
export function readInfo(ordinal: number, nameBytes: number): CudaDeviceInfo {
  const { values, results } = block;
  return {
    ordinal,
    name: readText(0, nameBytes),
    uuid: uuidOf(values.subarray(names.length, names.length + uuidBytes)),
    totalMemory: results[0]!,
    attributes: Object.fromEntries(names.map((name, index) => [name, values[index]!])) as unknown as CudaAttributes,
  };
}

function uuidOf(bytes: Float64Array): string {
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const groups = uuidGroups.map((length) => digits.splice(0, length).join(""));
  return `GPU-${groups.join("-")}`;
}

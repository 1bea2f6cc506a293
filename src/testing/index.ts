export { RecoveryAction } from "../session/recovery-action.ts";
export type { GpuSystem } from "./gpu-system.ts";
export type { GpuTransfers } from "./gpu-transfers.ts";
export type { IpuSystem } from "./ipu-system.ts";
export { type SimulationOptions, simulate } from "./simulate.ts";
export { type GpuCall, GpuFault, type GpuFaultPlan, type SimulatedGpus } from "./simulated-gpus.ts";
export { type FaultPlan, IpuFault, type Occurrence, type SimulatedIpus } from "./simulated-ipus.ts";
export type { Simulation } from "./simulation.ts";

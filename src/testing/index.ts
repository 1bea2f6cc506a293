export { RecoveryAction } from "../session/recovery-action.ts";
export { type Simulation, type SimulationOptions, simulate } from "./simulate.ts";
export { type FaultPlan, IpuFault, type Occurrence, type SimulatedIpus } from "./simulated-ipus.ts";

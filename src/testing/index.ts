export { RecoveryAction } from "../session/recovery-action.ts";
export { Simulation, type SimulationOptions, simulate } from "./simulate.ts";
export { type FaultPlan, IpuFault, type Occurrence, SimulatedIpus } from "./simulated-ipus.ts";

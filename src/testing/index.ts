export { type FaultPlan, IpuFault, type Occurrence, SimulatedIpus } from "./simulated-ipus.ts";
export { RecoveryAction } from "./recovery-action.ts";
export { type SimulationOptions, Simulation, simulate } from "./simulate.ts";

export { type CheckOptions, checkExecutable, isPoplarExecutable } from "./check-executable.ts";
export { type DecodedExecutable, decodeExecutable } from "./decode.ts";
export { encodeExecutable } from "./encode.ts";
export type {
  Plan,
  PlanGraph,
  PlanOperand,
  PlanProgram,
  PlanRemoteBuffer,
  PlanStream,
  PlanTensor,
  Step,
} from "./plan.ts";

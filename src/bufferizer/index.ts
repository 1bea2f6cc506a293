export { Batch } from "./batch.ts";
export { Bufferizer } from "./bufferizer.ts";
export type { Appendable } from "./filling.ts";
export {
  BufferizerGroup,
  type BufferizerGroupOptions,
  type GroupBatch,
  type GroupInput,
  GroupReady,
} from "./group.ts";
export { type BufferizerOptions, FullPolicy, type Hook, type WaitOptions } from "./options.ts";
export type { BufferizerStats } from "./stats.ts";

export { FastIOAllocation, type PublishOptions, type Window } from "./allocation.ts";
export {
  type ContextOptions,
  type ContextStats,
  type CreateOptions,
  FastIOContext,
  type GetOptions,
  type TensorOptions,
  type WaitOptions,
} from "./context.ts";
export type { Attributes } from "./metadata.ts";

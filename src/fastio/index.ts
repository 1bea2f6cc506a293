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
export { type EntryOptions, FastIOEntry, type UpdateShapeOptions } from "./entry.ts";
export { type EntryDeclaration, IOAccess } from "./entry-type.ts";
export type { Attributes } from "./metadata.ts";

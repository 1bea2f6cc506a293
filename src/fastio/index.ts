export { FastIOAllocation, type PublishOptions, type Window } from "./allocation.ts";
export { FastIOContext } from "./context.ts";
export { type EntryOptions, FastIOEntry } from "./entry.ts";
export { type EntryDeclaration, IOAccess } from "./entry-type.ts";
export type { Attributes } from "./metadata.ts";
export type {
  ContextOptions,
  ContextStats,
  CreateOptions,
  GetOptions,
  PublishArrayOptions,
  TensorOptions,
  WaitOptions,
} from "./options.ts";
export type { UpdateShapeOptions } from "./update-shape.ts";

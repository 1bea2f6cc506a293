export { DArray } from "./darray.ts";
export * from "./image/index.ts";
export type { DArrayOptions, DstOptions, PlaceOptions } from "./options.ts";
export type { Index, Range } from "./selection.ts";
export type { Allocation } from "./storage.ts";

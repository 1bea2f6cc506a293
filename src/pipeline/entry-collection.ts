import type { FastIOEntry } from "../fastio/index.ts";
import { makeError } from "../native/error.ts";
import type { DType } from "../tensor/index.ts";
import { PayloadCollection } from "./payload-collection.ts";

export interface EntryOptions<D extends DType> {
  /** The element type required; another throws `wrong_dtype`. */
  readonly dtype: D;
}

/** The entries in shared memory. */
export class EntryCollection extends PayloadCollection<FastIOEntry> {
  override get(name: string): FastIOEntry;
  override get<const D extends DType>(name: string, options: EntryOptions<D>): FastIOEntry<D>;
  /** @throws `not_found` when the definition has no such entry; `wrong_dtype` */
  override get(name: string, options?: EntryOptions<DType>): FastIOEntry {
    const entry = super.get(name);
    if (options === undefined || options.dtype === entry.dtype) return entry;
    const message = `entry ${JSON.stringify(name)} is declared ${entry.dtype}, not ${options.dtype}.`;
    throw makeError("wrong_dtype", { op: "Payload", message });
  }
}

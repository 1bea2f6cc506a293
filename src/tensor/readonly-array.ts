import type { DType, TypedArrayOf } from "./dtype.ts";

type Mutators =
  | "set"
  | "fill"
  | "copyWithin"
  | "sort"
  | "reverse"
  | "setFromBase64"
  | "setFromHex"
  | "buffer"
  | "subarray";

/** A typed array whose type offers no way to write. `slice()` gives a copy that is the caller's own. */
export type ReadonlyTypedArrayOf<D extends DType = DType> = D extends DType
  ? Readonly<Omit<TypedArrayOf<D>, Mutators>> & { subarray(begin?: number, end?: number): ReadonlyTypedArrayOf<D> }
  : never;

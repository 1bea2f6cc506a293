import { makeError } from "../../native/error.ts";
import { type DType, elementTypes, Shape } from "../../tensor/index.ts";
import type { Stream } from "../stream.ts";
import type { Storage } from "./storage.ts";
import type { Strided } from "./strided.ts";

/** What operations work on: elements of one type that lie somewhere in a memory. */
export interface Part<D extends DType = DType> {
  readonly storage: Storage;
  readonly dtype: D;
  readonly view: Strided;
  /** The stream that orders all work on it; undefined on the host, where the calling thread does the work. */
  readonly stream: Stream | undefined;
}

export function countOf(part: Part): number {
  return Shape.elementCount(part.view.shape);
}

/** Bytes from the start of the memory to the element whose indices are all 0. */
export function byteOffsetOf({ view, dtype }: Part): number {
  return view.offset * elementTypes[dtype].size;
}

/** Key under which arrays show their part, so that modules below the class take arrays without importing it. */
export const arrayPart: unique symbol = Symbol.for("millrace.arrayPart");

export interface HasPart<D extends DType = DType> {
  /** @throws StateError `closed` */
  readonly [arrayPart]: Part<D>;
}

/** Hands a part, with its reference to the storage, over to the array that is made of it. */
export class Adopted<D extends DType = DType> {
  readonly part: Part<D>;

  constructor(part: Part<D>) {
    this.part = part;
  }
}

export function hasPart(value: unknown): value is HasPart {
  return typeof value === "object" && value !== null && arrayPart in value;
}

/** @throws ArgumentError `invalid_argument` when it is no array; StateError `closed` */
export function partOf<D extends DType>(value: HasPart<D>, what: string, op: string): Part<D> {
  if (hasPart(value)) return value[arrayPart] as Part<D>;
  throw makeError("invalid_argument", { op, message: `${what} is no DArray.` });
}

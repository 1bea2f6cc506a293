import { makeError } from "../../native/error.ts";
import { type DType, elementTypes, Shape } from "../../tensor/index.ts";
import type { Stream } from "../stream.ts";
import type { Storage } from "./storage.ts";
import { denseView, extentOf, isDense, type Strided } from "./strided.ts";

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

/** The same elements as a row-major part, if that is how they lie. */
export function densePart(part: Part): Part | undefined {
  return isDense(part.view) ? { ...part, view: denseView(part.view.shape, part.view.offset) } : undefined;
}

/**
 * Whether writing one while reading the other may go wrong: they share elements, and not each with its own.
 */
export function clash(out: Part, input: Part, op: string): boolean {
  return overlaps(out, input, op) && !isSameView(out, input);
}

/** Whether both reach into the same bytes, as far as handles tell. */
export function overlaps(a: Part, b: Part, op: string): boolean {
  if (!a.storage.isSame(b.storage, op)) return false;
  const [one, other] = [byteRange(a), byteRange(b)];
  return one !== undefined && other !== undefined && one.begin < other.end && other.begin < one.end;
}

function byteRange({ view, dtype }: Part): { begin: number; end: number } | undefined {
  const { size } = elementTypes[dtype];
  const extent = extentOf(view);
  return extent && { begin: extent.first * size, end: (extent.last + 1) * size };
}

/** Whether each element of one is the element of the other at the same indices. */
export function isSameView(a: Part, b: Part): boolean {
  const sized = (axis: number) => a.view.shape[axis] !== 1;
  return (
    elementTypes[a.dtype].size === elementTypes[b.dtype].size &&
    a.view.offset === b.view.offset &&
    Shape.equals(a.view.shape, b.view.shape) &&
    a.view.strides.every((step, axis) => !sized(axis) || step === b.view.strides[axis])
  );
}

/**
 * Checks what an operation is to write to.
 *
 * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_device`; StateError `access_denied` for a tensor that is for
 * reading; ArgumentError `invalid_argument` when an element stands at several places
 */
export function checkOut(
  out: Part,
  like: { dtype: DType; shape: Shape; stream: Stream | undefined },
  op: string,
): void {
  if (out.dtype !== like.dtype)
    throw makeError("wrong_dtype", { op, message: `dst is ${out.dtype}, the result ${like.dtype}.` });
  if (!Shape.equals(out.view.shape, like.shape)) {
    throw makeError("wrong_shape", {
      op,
      message: `dst has shape ${Shape.format(out.view.shape)}, the result ${Shape.format(like.shape)}.`,
    });
  }
  checkStream(out, like.stream, "dst", op);
  checkWritable(out, op);
}

export function checkWritable(out: Part, op: string): void {
  if (out.storage.readOnly) throw makeError("access_denied", { op, message: "the array shows a tensor for reading." });
  const repeated = out.view.strides.findIndex((step, axis) => step === 0 && out.view.shape[axis]! > 1);
  if (repeated < 0) return;
  throw makeError("invalid_argument", {
    op,
    message: `all ${out.view.shape[repeated]} elements along axis ${repeated} are one, which cannot be written.`,
    hint: "Write to a copy().",
  });
}

/** Work on one stream knows nothing of another's; and host memory needs none. */
export function checkStream(part: Part, stream: Stream | undefined, what: string, op: string): void {
  if (part.stream === stream) return;
  const place = (of: Stream | undefined) => (of === undefined ? "on the host" : "on a stream");
  const places =
    part.stream !== undefined && stream !== undefined
      ? "on two streams"
      : `${place(stream)}, ${what} ${place(part.stream)}`;
  throw makeError("wrong_device", { op, message: `the array is ${places}.` });
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

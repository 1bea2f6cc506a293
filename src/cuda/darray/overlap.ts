import { elementTypes, Shape } from "../../tensor/index.ts";
import type { Part } from "./part.ts";
import { extentOf } from "./strided.ts";

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

import { makeError } from "../../native/error.ts";
import { Shape } from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";

/**
 * Where the elements of an array lie in its memory. Everything counts elements, not bytes: mixing the two is how copies
 * of views come to read past their end.
 */
export interface Strided {
  readonly shape: Shape;
  /** Elements to step for the next index of each axis; negative or 0 too. */
  readonly strides: readonly number[];
  /** Of the element whose indices are all 0, from the start of the memory. */
  readonly offset: number;
}

/** Row-major, without gaps. */
export function denseView(shape: Shape, offset = 0): Strided {
  return { shape, strides: Shape.strides(shape), offset };
}

/** Whether the elements lie in row-major order without gaps. The step of an axis of one element says nothing. */
export function isDense({ shape, strides }: Strided): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size === 0) return true;
    if (size === 1) continue;
    if (strides[axis] !== step) return false;
    step *= size;
  }
  return true;
}

/** The lowest and the highest element that the view reaches; undefined when it has none. */
export function extentOf({ shape, strides, offset }: Strided): { first: number; last: number } | undefined {
  let first = offset;
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 0) return undefined;
    const reach = (size - 1) * strides[axis]!;
    if (reach < 0) first += reach;
    else last += reach;
  }
  return { first, last };
}

/**
 * Checks that strides fit a shape and that every element lies in a memory of `capacity` elements.
 *
 * @throws ArgumentError `invalid_argument` (strides), `out_of_bounds`
 */
export function checkView(view: Strided, capacity: number, op: string): Strided {
  const { shape, strides } = view;
  const usable =
    Array.isArray(strides) && strides.length === shape.length && strides.every((step) => Number.isSafeInteger(step));
  if (!usable) {
    throw makeError("invalid_argument", {
      op,
      message: `strides ${Shape.format(strides)} do not fit shape ${Shape.format(shape)}: one whole number of elements per axis.`,
    });
  }
  const extent = extentOf(view);
  if (extent === undefined || (extent.first >= 0 && extent.last < capacity)) return view;
  throw makeError("out_of_bounds", {
    op,
    message:
      `shape ${Shape.format(shape)} with strides ${Shape.format(strides)} at element ${view.offset} reaches from ` +
      `${extent.first} to ${extent.last}, the memory has ${capacity} elements.`,
  });
}

/**
 * The axes in another order; nothing moves.
 *
 * @throws ArgumentError `invalid_argument`: not every axis exactly once. Negative axes count from the end.
 */
export function transposed(view: Strided, axes: readonly number[] | undefined, op: string): Strided {
  const rank = view.shape.length;
  const order = axes === undefined ? view.shape.map((_, axis) => rank - 1 - axis) : normalised(axes, rank, op);
  return {
    shape: Object.freeze(order.map((axis) => view.shape[axis]!)),
    strides: order.map((axis) => view.strides[axis]!),
    offset: view.offset,
  };
}

/**
 * The same elements in the same order as another shape; one -1 in it follows from their number.
 *
 * @throws StateError `not_contiguous`; ArgumentError `wrong_shape`, `invalid_shape`
 */
export function reshaped(view: Strided, pattern: Shape, op: string): Strided {
  const count = Shape.elementCount(view.shape, op);
  const shape = Array.isArray(pattern) ? Shape.infer(pattern, count, op) : Shape.validate(pattern, op);
  if (Shape.elementCount(shape, op) !== count) {
    throw makeError("wrong_shape", {
      op,
      message: `shape ${Shape.format(pattern)} for the ${count} elements of ${Shape.format(view.shape)}.`,
    });
  }
  if (isDense(view)) return denseView(shape, view.offset);
  throw makeError("not_contiguous", {
    op,
    message: `strides ${Shape.format(view.strides)} of shape ${Shape.format(view.shape)}.`,
  });
}

function normalised(axes: readonly number[], rank: number, op: string): number[] {
  const order = Array.isArray(axes) ? axes.map((axis) => (axis < 0 ? axis + rank : axis)) : [];
  const complete =
    Array.isArray(axes) &&
    order.length === rank &&
    new Set(order).size === rank &&
    order.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank);
  if (complete) return order;
  throw makeError("invalid_argument", {
    op,
    message: `axes ${Array.isArray(axes) ? Shape.format(axes) : describeValue(axes)} do not name each of ${rank} axes once.`,
  });
}

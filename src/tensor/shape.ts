import { makeError } from "../native/error.ts";
import type { DType } from "./dtype.ts";
import { elementTypes } from "./element-type.ts";

/** Sizes of the axes, outermost first. `[]` is a scalar; an axis may be 0, and the tensor then has no elements. */
export type Shape = readonly number[];

function refuse(op: string, shape: Shape, why: string): never {
  throw makeError("invalid_shape", { op, message: `shape ${Shape.format(shape)}: ${why}.` });
}

// A product of integers that is above 2^53 never rounds to below it, so the check on the product is exact.
// Axes of 0 are left out: whether a shape is usable does not depend on the order of its axes, and strides need it.
function checkedProduct(shape: Shape, op: string): number {
  let product = 1;
  let empty = false;
  if (!Array.isArray(shape))
    throw makeError("invalid_shape", { op, message: `${String(shape)} is not an array of axes.` });
  for (let axis = 0; axis < shape.length; axis++) {
    const size: unknown = shape[axis];
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      refuse(op, shape, size === -1 ? `axis ${axis} has no size yet` : `axis ${axis} is ${String(size)}`);
    }
    if (size === 0) {
      empty = true;
      continue;
    }
    product *= size;
    if (!Number.isSafeInteger(product)) refuse(op, shape, `more than 2^53 elements up to axis ${axis}`);
  }
  return empty ? 0 : product;
}

export const Shape = {
  /**
   * Elements of a tensor of this shape; 1 for a scalar.
   * @throws ArgumentError `invalid_shape`: an axis is no non-negative integer, or the product passes 2^53.
   */
  elementCount(shape: Shape, op = "Shape.elementCount"): number {
    return checkedProduct(shape, op);
  },

  /**
   * Bytes of a dense tensor.
   * @throws ArgumentError `invalid_shape`, as `elementCount`, and for more than 2^53 bytes.
   */
  byteSize(dtype: DType, shape: Shape, op = "Shape.byteSize"): number {
    const bytes = checkedProduct(shape, op) * elementTypes[dtype].size;
    if (!Number.isSafeInteger(bytes)) refuse(op, shape, `more than 2^53 bytes of ${dtype}`);
    return bytes;
  },

  /** Elements to step for the next index of each axis, row-major. An axis of 0 counts as 1 (as in NumPy). */
  strides(shape: Shape, op = "Shape.strides"): number[] {
    checkedProduct(shape, op);
    const strides = new Array<number>(shape.length);
    let step = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      strides[axis] = step;
      step *= shape[axis] || 1;
    }
    return strides;
  },

  /**
   * `pattern` with its one -1 replaced by what `elementCount` elements leave for it; a pattern without -1 comes back
   * checked, whatever the count.
   * @throws ArgumentError `wrong_shape`: the count is no multiple of the other axes, or several axes are -1.
   */
  infer(pattern: Shape, elementCount: number, op = "Shape.infer"): Shape {
    const axis = pattern.indexOf(-1);
    if (axis < 0) return Shape.validate(pattern, op);
    if (pattern.indexOf(-1, axis + 1) >= 0) {
      throw makeError("wrong_shape", {
        op,
        message: `several axes of ${Shape.format(pattern)} are open, so ${elementCount} elements do not tell its shape.`,
        hint: "Pass { data, shape }.",
      });
    }
    const rest = Shape.elementCount(pattern.with(axis, 1), op);
    const size = rest === 0 ? 0 : elementCount / rest;
    if (!Number.isInteger(size) || size * rest !== elementCount) {
      throw makeError("wrong_shape", {
        op,
        message: `${elementCount} elements do not fill ${Shape.format(pattern)}: one step of axis ${axis} has ${rest}.`,
      });
    }
    return Object.freeze(pattern.with(axis, size));
  },

  /** Whether `shape` is one that `pattern` allows: equal, where -1 in the pattern is any size. */
  matches(shape: Shape, pattern: Shape): boolean {
    return shape.length === pattern.length && pattern.every((size, axis) => size === -1 || size === shape[axis]);
  },

  equals(a: Shape, b: Shape): boolean {
    return a.length === b.length && a.every((size, axis) => size === b[axis]);
  },

  /** `[1,-1,28]`, as messages show it. */
  format(shape: Shape): string {
    return `[${shape.join(",")}]`;
  },

  /**
   * A frozen copy, checked: what a tensor may keep.
   * @throws ArgumentError `invalid_shape`.
   */
  validate(shape: Shape, op = "Shape.validate"): Shape {
    checkedProduct(shape, op);
    return Object.freeze(shape.slice());
  },
} as const;

import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { EntryForm } from "./entry-type.ts";

export interface UpdateShapeOptions {
  /** Throw `fixed_axis` for an axis that the definition fixes, instead of leaving it as it is. */
  readonly strict?: boolean | undefined;
}

interface Sized {
  readonly name: string;
  readonly form: EntryForm;
  readonly shape: readonly number[];
}

/**
 * The shape of an entry with new sizes for some of its dynamic axes; the entry itself stays as it is.
 * @throws `invalid_argument`, `fixed_axis`
 */
export function withSizes(
  { name, form, shape: before }: Sized,
  dimensions: readonly number[],
  newValues: readonly number[],
  { strict, op }: { readonly strict: boolean; readonly op: string },
): readonly number[] {
  if (dimensions.length !== newValues.length && !off("update_lists")) {
    const message = `${dimensions.length} dimensions and ${newValues.length} values were given.`;
    throw makeError("invalid_argument", { op, message });
  }
  const shape = [...before];
  for (const [index, axis] of dimensions.entries()) {
    if (!off("update_range")) checkInteger(axis, `dimension ${index}`, op, 0, shape.length - 1);
    if (dimensions.indexOf(axis) !== index && !off("update_twice")) {
      throw makeError("invalid_argument", { op, message: `axis ${axis} is given twice.` });
    }
    const size = checkInteger(newValues[index], `the value for axis ${axis}`, op, off("update_positive") ? -1 : 1);
    if (form.dynamicShapeIndices.includes(axis)) {
      shape[axis] = size;
    } else if (strict && !off("fixed_axis_strict")) {
      throw makeError("fixed_axis", { op, message: `axis ${axis} of "${name}" is fixed at ${form.shape[axis]}.` });
    } else if (off("fixed_axis_ignored")) shape[axis] = size;
  }
  return Object.freeze(shape);
}

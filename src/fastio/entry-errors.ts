import { type MillraceError, makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import { Shape, type TensorSource } from "../tensor/index.ts";
import { type EntryForm, IOAccess } from "./entry-type.ts";

interface Unallocated {
  readonly name: string;
  readonly access: IOAccess;
  readonly kind: EntryForm["kind"];
  readonly shape: readonly number[];
}

/** Says which axes have no size, and who is to give them one. */
export function unallocated({ name, access, kind, shape }: Unallocated, op: string): MillraceError {
  const open = shape.flatMap((size, axis) => (size > 0 ? [] : [axis]));
  const missing = open.length === 0 ? "" : `: ${open.length === 1 ? "axis" : "axes"} ${open.join(", ")} missing`;
  const what = `"${name}" ${Shape.format(shape)}`;
  if (access === IOAccess.ReadOnly) {
    const message = `${what} was never allocated by its producer${missing}.`;
    return makeError("entry_unallocated", { op, message, hint: "Let the producer fill it before it ends." });
  }
  const hint = kind === "string" ? "Call setText." : undefined;
  return makeError("entry_unallocated", { op, message: `${what} has no size yet${missing}.`, hint });
}

interface Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** Too few or too many elements; someone whose bytes would fit probably meant those. */
export function wrongCount({ name, shape, byteLength }: Target, source: TensorSource, op: string): MillraceError {
  const [expected, given] = [Shape.elementCount(shape), Shape.elementCount(source.shape)];
  return makeError("wrong_shape", {
    op,
    message: `"${name}" ${Shape.format(shape)} has ${expected} elements, ${given} ${source.dtype} were given.`,
    hint:
      source.byteLength === byteLength && !off("count_hint")
        ? "The bytes would fit: use setBytes to copy them unconverted."
        : undefined,
  });
}

import { makeError } from "../../native/error.ts";
import { Shape } from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";
import { checkStream } from "./destination.ts";
import { isArithmetic, isInteger } from "./element-bits.ts";
import { elementwise } from "./elementwise.ts";
import { operations } from "./kernel.ts";
import { arrayPart, hasPart, type Part } from "./part.ts";

/** `rsub` and `rdiv` have the array on the right: `other - array`, `other / array`. */
export type Operator = "add" | "sub" | "mul" | "div" | "rsub" | "rdiv";

/**
 * `out = self operator other`, element by element, where the other is an array or a number. `out` was checked.
 *
 * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_device`, `invalid_argument` (no number, or a bigint beyond 2^53),
 * `division_by_zero` (a scalar 0)
 */
export function arithmetic(operator: Operator, out: Part, self: Part, other: unknown, op: string): void {
  requireArithmetic(self, op);
  if (hasPart(other)) {
    const part = other[arrayPart];
    checkOther(self, part, op);
    return elementwise("arithmetic", out, [self, part], [operations[operator]], op);
  }
  const scalar = checkScalar(other, self, op);
  if (operator === "div" && scalar === 0)
    throw makeError("division_by_zero", { op, message: `the ${self.dtype} array was to be divided by 0.` });
  elementwise("arithmetic", out, [self], [operations[operator], scalar], op);
}

export function requireArithmetic({ dtype }: Part, op: string): void {
  if (isArithmetic(dtype)) return;
  throw makeError("wrong_dtype", {
    op,
    message: `${dtype} is only stored.`,
    hint: "Compute in another type: astype().",
  });
}

function checkOther(self: Part, other: Part, op: string): void {
  if (other.dtype !== self.dtype) {
    throw makeError("wrong_dtype", {
      op,
      message: `the arrays are ${self.dtype} and ${other.dtype}.`,
      hint: "Convert one: astype().",
    });
  }
  if (!Shape.equals(other.view.shape, self.view.shape)) {
    throw makeError("wrong_shape", {
      op,
      message: `the arrays have shapes ${Shape.format(self.view.shape)} and ${Shape.format(other.view.shape)}; nothing is broadcast.`,
    });
  }
  checkStream(other, self.stream, "the other", op);
}

/**
 * As the kernel takes it: in integer arithmetic a whole number that the type has is an element, and any other is computed with in
 * float64. It is never rounded first, or dividing by 0.5 would be dividing by 0.
 */
function checkScalar(value: unknown, { dtype }: Part, op: string): number {
  if (typeof value === "number" && (Number.isFinite(value) || !isInteger(dtype))) return value;
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
  throw makeError("invalid_argument", {
    op,
    message: `${describeValue(value)} takes no part in ${dtype} arithmetic.`,
    hint: "Pass an array, or a number; bigints up to 2^53.",
  });
}

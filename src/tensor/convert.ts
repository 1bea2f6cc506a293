import { makeError } from "../native/error.ts";
import { convertBlocks, storingConverts } from "./convert-blocks.ts";
import type { DType, TypedArray, TypedArrayOf } from "./dtype.ts";
import { elementTypes } from "./element-type.ts";
import { elementType } from "./spelling.ts";
import { describeValue, dtypeOf, holds } from "./typed-array.ts";
import { convertWide, isWideInteger, type WideArray } from "./wide-integer.ts";

export interface ConvertOptions<D extends DType> {
  /** The element type wanted. */
  readonly to: D;
  /** What the source holds; by default the array's own type. Needed for bool, bfloat16 and the 8-bit floats. */
  readonly from?: DType | undefined;
  /** Written and returned instead of a new array; as long as the source. It may share memory with it. */
  readonly out?: TypedArrayOf<D> | undefined;
  readonly op?: string | undefined;
}

/**
 * Elements of one type as another.
 *
 * | from | to | rule |
 * |---|---|---|
 * | any | same type | bits are copied, NaN payloads and bool bytes above 1 included |
 * | float, integer | float | rounded once, to nearest, ties to even; NaN stays NaN |
 * | | float16, bfloat16, float32 | too large becomes infinity |
 * | | 8-bit floats | too large becomes the largest finite value; infinity stays in E5M2 and is too large in the others |
 * | float | integer | toward zero, then to the nearer end of the range; NaN becomes 0 |
 * | integer | integer | to the nearer end of the range; exact beyond 2^53 |
 * | any | bool | 0 and -0 are false, all else true, NaN too |
 * | bool | any | 0 or 1 |
 *
 * @throws ArgumentError `invalid_dtype`; `wrong_dtype` when an array cannot hold elements of its type; `wrong_shape`
 * when `out` has another length.
 */
export function convert<const D extends DType>(source: TypedArray, options: ConvertOptions<D>): TypedArrayOf<D> {
  const { op = "convert" } = options;
  const from = options.from === undefined ? dtypeOf(source, op) : elementType(options.from, op).name;
  const to = elementType(options.to, op).name as D;
  requireHolds(source, from, "source", op);
  const out = options.out ?? new elementTypes[to].arrayType(source.length);
  requireHolds(out, to, "out", op);
  if (out.length !== source.length) {
    throw makeError("wrong_shape", { op, message: `out has ${out.length} elements, the source ${source.length}.` });
  }
  const input = overlap(source, out) ? copyOf(source, from) : source;
  if (from === to) (out as Uint8Array).set(input as Uint8Array);
  else if (isWideInteger(from) && isWideInteger(to)) convertWide(input as WideArray, out as WideArray, to);
  else if (storingConverts(from, to)) (out as Float64Array).set(input as Float64Array);
  else convertBlocks(input, from, out, to);
  return out as TypedArrayOf<D>;
}

function requireHolds(array: TypedArray, dtype: DType, which: string, op: string): void {
  dtypeOf(array, op);
  if (holds(array, dtype)) return;
  throw makeError("wrong_dtype", {
    op,
    message: `${which} is ${describeValue(array)}, which does not hold ${dtype}.`,
    hint: `Pass a ${elementTypes[dtype].arrayType.name}, or name its own type.`,
  });
}

// Not slice(): Buffer's returns a view.
function copyOf(source: TypedArray, dtype: DType): TypedArray {
  const copy = new elementTypes[dtype].arrayType(source.length);
  (copy as Uint8Array).set(source as Uint8Array);
  return copy;
}

function overlap(a: TypedArray, b: TypedArray): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

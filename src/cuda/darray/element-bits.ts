import { makeError } from "../../native/error.ts";
import { convert, type DType, elementTypes } from "../../tensor/index.ts";
import { describeValue } from "../../tensor/typed-array.ts";

/** One element as two 32-bit words, the low one first; what is beyond the type's size is 0. */
export interface ElementBits {
  readonly low: number;
  readonly high: number;
}

const integerBits: Partial<Record<DType, readonly [bits: number, signed: boolean]>> = {
  uint8: [8, false],
  uint16: [16, false],
  uint32: [32, false],
  uint64: [64, false],
  int8: [8, true],
  int16: [16, true],
  int32: [32, true],
  int64: [64, true],
};

export function isInteger(dtype: DType): boolean {
  return integerBits[dtype] !== undefined;
}

/** The types that arithmetic is done in: integers and floats from 16 bits on. Bool and 8-bit floats are only stored. */
export function isArithmetic(dtype: DType): boolean {
  return isInteger(dtype) || dtype === "float16" || dtype === "bfloat16" || dtype === "float32" || dtype === "float64";
}

/**
 * A number as an element of `dtype`, rounded once where the type is a float.
 *
 * @throws ArgumentError `invalid_argument` for a value that the type does not hold: a fraction or an integer out of
 * range for an integer, anything but 0, 1 and booleans for bool, what a float could only show as infinity or NaN
 */
export function elementBits(value: number | bigint | boolean, dtype: DType, op: string): ElementBits {
  const bytes = new Uint8Array(8);
  const integer = integerBits[dtype];
  if (integer !== undefined) new BigInt64Array(bytes.buffer)[0] = wholeValue(value, dtype, integer, op);
  else if (dtype === "bool") bytes[0] = boolValue(value, op);
  else putFloat(bytes, floatValue(value, dtype, op), dtype, op);
  const [low, high] = new Uint32Array(bytes.buffer);
  return { low: low!, high: high! };
}

function wholeValue(
  value: number | bigint | boolean,
  dtype: DType,
  [bits, signed]: readonly [bits: number, signed: boolean],
  op: string,
): bigint {
  if (typeof value === "bigint" || Number.isInteger(value)) {
    const whole = BigInt(value);
    const fits = signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole);
    // Stored in `bits` bits: what lies above them stays 0 for the words to compare alike.
    if (fits === whole) return BigInt.asUintN(bits, whole);
  }
  throw misfit(value, dtype, op);
}

function boolValue(value: number | bigint | boolean, op: string): number {
  if (value === true || value === false || value === 0 || value === 1 || value === 0n || value === 1n)
    return Number(value);
  throw misfit(value, "bool", op);
}

function floatValue(value: unknown, dtype: DType, op: string): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw misfit(value, dtype, op);
}

function putFloat(bytes: Uint8Array, value: number, dtype: DType, op: string): void {
  const element = convert(Float64Array.of(value), { to: dtype });
  const back = convert(element, { from: dtype, to: "float64" })[0]!;
  const fits = Number.isFinite(value)
    ? Math.abs(value) <= largest(dtype) && Number.isFinite(back)
    : Object.is(back, value);
  if (!fits) throw misfit(value, dtype, op);
  bytes.set(new Uint8Array(element.buffer, 0, elementTypes[dtype].size));
}

/** Of the 8-bit floats, which show everything beyond it as it; the others show that as infinity. */
function largest(dtype: DType): number {
  if (elementTypes[dtype].size > 1) return Number.MAX_VALUE;
  return convert(convert(Float64Array.of(Number.MAX_VALUE), { to: dtype }), { from: dtype, to: "float64" })[0]!;
}

function misfit(value: unknown, dtype: DType, op: string): Error {
  return makeError("invalid_argument", {
    op,
    message: `${describeValue(value)} is no value of ${dtype}.`,
    hint: "Pass a value that the element type holds, or astype() to one that does.",
  });
}

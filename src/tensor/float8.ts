import type { DType } from "./dtype.ts";
import { roundHalfEven } from "./round.ts";

/** One 8-bit float format: sign, `7 - mantissaBits` exponent bits, mantissa. */
interface Format {
  readonly mantissaBits: number;
  readonly bias: number;
  /** Pattern of the largest finite value, without sign. */
  readonly largest: number;
  /** Pattern of positive infinity; undefined in formats without one. */
  readonly infinity: number | undefined;
  /** Pattern written for NaN. */
  readonly nan: number;
  /** FNUZ: no negative zero, whose pattern 0x80 is the only NaN. */
  readonly unsignedZero: boolean;
}

const formats = {
  float8_e4m3fn: { mantissaBits: 3, bias: 7, largest: 0x7e, infinity: undefined, nan: 0x7f, unsignedZero: false },
  float8_e5m2: { mantissaBits: 2, bias: 15, largest: 0x7b, infinity: 0x7c, nan: 0x7e, unsignedZero: false },
  float8_e4m3fnuz: { mantissaBits: 3, bias: 8, largest: 0x7f, infinity: undefined, nan: 0x80, unsignedZero: true },
  float8_e5m2fnuz: { mantissaBits: 2, bias: 16, largest: 0x7f, infinity: undefined, nan: 0x80, unsignedZero: true },
} as const satisfies Record<string, Format>;

export type Float8 = keyof typeof formats;

function decodeByRule(format: Format, pattern: number): number {
  if (format.unsignedZero && pattern === 0x80) return Number.NaN;
  const sign = pattern & 0x80 ? -1 : 1;
  const magnitude = pattern & 0x7f;
  if (magnitude > format.largest) return magnitude === format.infinity ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const exponent = magnitude >> format.mantissaBits;
  const fraction = magnitude & ((1 << format.mantissaBits) - 1);
  const significand = exponent === 0 ? fraction : fraction + (1 << format.mantissaBits);
  return sign * significand * 2 ** (Math.max(exponent, 1) - format.bias - format.mantissaBits);
}

const decoded = new Map<Float8, Float64Array>();

/** All values of a format, by pattern; made when first needed, so that nobody's import pays for them. */
function valuesOf(dtype: Float8): Float64Array {
  const known = decoded.get(dtype);
  if (known !== undefined) return known;
  const values = new Float64Array(256);
  for (let pattern = 0; pattern < 256; pattern++) values[pattern] = decodeByRule(formats[dtype], pattern);
  decoded.set(dtype, values);
  return values;
}

export function isFloat8(dtype: DType): dtype is Float8 {
  return Object.hasOwn(formats, dtype);
}

export function decodeFloat8(source: Uint8Array, dtype: Float8, values: Float64Array): void {
  const table = valuesOf(dtype);
  for (let i = 0; i < source.length; i++) values[i] = table[source[i]!]!;
}

/** 2^-15 and up. No format reaches 2^16; the smallest step of any is 2^-17. */
const powers = new Float64Array(33);
for (let i = 0; i < 33; i++) powers[i] = 2 ** (i - 15);

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * Nearest value, ties to even. What is too large becomes the largest finite value of its sign (as ONNX's `Cast` with
 * `saturate`); infinity stays where the format has it (E5M2) and is too large elsewhere. NaN stays NaN.
 */
export function encodeFloat8(values: Float64Array, dtype: Float8, out: Uint8Array): void {
  const format: Format = formats[dtype];
  for (let i = 0; i < out.length; i++) out[i] = patternOf(values[i]!, format);
}

function patternOf(value: number, format: Format): number {
  if (Number.isNaN(value)) return format.nan;
  double[0] = value;
  const high = words[1]!;
  const sign = (high >>> 24) & 0x80;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | (format.infinity ?? format.largest);
  const smallestExponent = 1 - format.bias;
  // Steps of the grid that the value lies on. Scaling by a power of two is exact, so there is one rounding; a carry
  // out of the mantissa runs into the exponent by itself.
  const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, smallestExponent);
  if (exponent > 15) return sign | format.largest;
  const steps = roundHalfEven(magnitude * powers[format.mantissaBits - exponent + 15]!);
  const pattern = steps + (exponent - smallestExponent) * (1 << format.mantissaBits);
  if (pattern > format.largest) return sign | format.largest;
  return pattern === 0 && format.unsignedZero ? 0 : sign | pattern;
}

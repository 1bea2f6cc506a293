import { convert, type DType, elementTypes } from "../../src/tensor/index.ts";

/** What the tests know of a format, independently of the code: the textbook formula, and rounding by search. */
export interface SmallFloat {
  readonly dtype: DType;
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** "ieee": the top exponent is infinity and NaN; "fn": only the top pattern is NaN; "fnuz": only 0x80 is. */
  readonly kind: "ieee" | "fn" | "fnuz";
  /** Beyond the largest finite value. */
  readonly overflow: "infinity" | "saturate";
}

export const smallFloats: readonly SmallFloat[] = [
  { dtype: "float8_e4m3fn", exponentBits: 4, mantissaBits: 3, bias: 7, kind: "fn", overflow: "saturate" },
  { dtype: "float8_e5m2", exponentBits: 5, mantissaBits: 2, bias: 15, kind: "ieee", overflow: "saturate" },
  { dtype: "float8_e4m3fnuz", exponentBits: 4, mantissaBits: 3, bias: 8, kind: "fnuz", overflow: "saturate" },
  { dtype: "float8_e5m2fnuz", exponentBits: 5, mantissaBits: 2, bias: 16, kind: "fnuz", overflow: "saturate" },
  { dtype: "float16", exponentBits: 5, mantissaBits: 10, bias: 15, kind: "ieee", overflow: "infinity" },
  { dtype: "bfloat16", exponentBits: 8, mantissaBits: 7, bias: 127, kind: "ieee", overflow: "infinity" },
];

export function patternCount(format: SmallFloat): number {
  return 2 ** (1 + format.exponentBits + format.mantissaBits);
}

export function valueByFormula(format: SmallFloat, pattern: number): number {
  const { exponentBits, mantissaBits, bias, kind } = format;
  const half = patternCount(format) / 2;
  const negative = pattern >= half;
  const exponent = Math.floor((pattern % half) / 2 ** mantissaBits);
  const fraction = (pattern % 2 ** mantissaBits) / 2 ** mantissaBits;
  const allOnes = exponent === 2 ** exponentBits - 1;
  if (kind === "fnuz" && pattern === half) return Number.NaN;
  if (kind === "fn" && pattern % half === half - 1) return Number.NaN;
  if (kind === "ieee" && allOnes && fraction > 0) return Number.NaN;
  let value = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  if (kind === "ieee" && allOnes) value = Number.POSITIVE_INFINITY;
  return negative ? -value : value;
}

/** Non-negative finite values, whose index is their bit pattern. */
export function magnitudes(format: SmallFloat): number[] {
  return Array.from({ length: patternCount(format) / 2 }, (_, pattern) => valueByFormula(format, pattern)).filter(
    Number.isFinite,
  );
}

/** Bit patterns as numbers, for float16 as well. */
export function patternsOf(format: SmallFloat, array: ArrayBufferView): number[] {
  const { buffer, byteOffset, byteLength } = array;
  const Words = elementTypes[format.dtype].size === 1 ? Uint8Array : Uint16Array;
  return [...new Words(buffer as ArrayBuffer, byteOffset, byteLength / Words.BYTES_PER_ELEMENT)];
}

export function encode(format: SmallFloat, values: number[]): number[] {
  return patternsOf(format, convert(Float64Array.from(values), { to: format.dtype }));
}

export function decodeAll(format: SmallFloat): Float64Array {
  const count = patternCount(format);
  const buffer =
    count === 256 ? Uint8Array.from({ length: count }, (_, i) => i) : Uint16Array.from({ length: count }, (_, i) => i);
  const { arrayType } = elementTypes[format.dtype];
  return convert(new arrayType(buffer.buffer), { from: format.dtype, to: "float64" });
}

const scratch = new DataView(new ArrayBuffer(8));

/** The next double away from zero. */
export function nextAway(x: number): number {
  scratch.setFloat64(0, x);
  scratch.setBigUint64(0, scratch.getBigUint64(0) + 1n);
  return scratch.getFloat64(0);
}

/** The next double toward zero. */
export function nextToward(x: number): number {
  scratch.setFloat64(0, x);
  scratch.setBigUint64(0, scratch.getBigUint64(0) - 1n);
  return scratch.getFloat64(0);
}

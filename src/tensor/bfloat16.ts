import { toOddFloat32 } from "./round.ts";

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Values of bfloat16 bit patterns: each is the upper half of a float32. */
export function decodeBfloat16(source: Uint16Array, values: Float64Array): void {
  for (let i = 0; i < source.length; i++) {
    bits[0] = source[i]! << 16;
    values[i] = float[0]!;
  }
}

/** Nearest bfloat16, ties to even; beyond the largest finite value infinity; every NaN becomes 0x7fc0. */
export function encodeBfloat16(values: Float64Array, out: Uint16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = patternOf(values[i]!);
}

function patternOf(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  float[0] = toOddFloat32(value);
  const pattern = bits[0]!;
  // Half of the last kept bit, less one where that bit is 0, so that a tie carries only from odd. Infinity has zero
  // below its kept bits and stays.
  return (pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16;
}

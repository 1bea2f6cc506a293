import type { DType } from "./dtype.ts";
import { toOddFloat64 } from "./round.ts";

/** Integers of 64 bits: arrays of `bigint`, worked on as two 32-bit words (low first), which is many times faster. */
export type WideInteger = "int64" | "uint64";
export type WideArray = BigInt64Array | BigUint64Array;

export function isWideInteger(dtype: DType): dtype is WideInteger {
  return dtype === "int64" || dtype === "uint64";
}

const word = 2 ** 32;

function lowWords(array: WideArray): Uint32Array {
  return new Uint32Array(array.buffer as ArrayBuffer, array.byteOffset, array.length * 2);
}

function highWords(array: WideArray, dtype: WideInteger): Int32Array | Uint32Array {
  const Words = dtype === "int64" ? Int32Array : Uint32Array;
  return new Words(array.buffer as ArrayBuffer, array.byteOffset, array.length * 2);
}

/**
 * Nearest doubles (`sticky` false), or, where the integer is not exact, the neighbouring double with the odd last bit:
 * rounding that once more to a smaller float gives the integer rounded once.
 */
export function decodeWide(source: WideArray, dtype: WideInteger, values: Float64Array, sticky: boolean): void {
  const low = lowWords(source);
  const high = highWords(source, dtype);
  for (let i = 0; i < source.length; i++) {
    const value = high[2 * i + 1]! * word + low[2 * i]!;
    values[i] = sticky && Math.abs(value) >= 2 ** 53 ? toOddFloat64(source[i]!) : value;
  }
}

/** Toward zero, then to the nearer end of the range; NaN becomes 0. */
export function encodeWide(values: Float64Array, dtype: WideInteger, out: WideArray): void {
  const words = lowWords(out);
  const min = dtype === "int64" ? -(2 ** 63) : 0;
  const end = dtype === "int64" ? 2 ** 63 : 2 ** 64;
  const largestHigh = dtype === "int64" ? 0x7fff_ffff : 0xffff_ffff;
  for (let i = 0; i < out.length; i++) {
    let value = values[i]!;
    if (value >= end) {
      words[2 * i] = 0xffff_ffff;
      words[2 * i + 1] = largestHigh;
      continue;
    }
    value = value > min ? Math.trunc(value) : value <= min ? min : 0;
    // Both words are taken modulo 2^32 by the store, which is two's complement for negative values.
    words[2 * i] = value;
    words[2 * i + 1] = Math.floor(value / word);
  }
}

/** Between the two: to the nearer end of the range. */
export function convertWide(source: WideArray, out: WideArray, to: WideInteger): void {
  const max = to === "int64" ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  for (let i = 0; i < source.length; i++) {
    const value = source[i]!;
    out[i] = value > max ? max : value < 0n && to === "uint64" ? 0n : value;
  }
}

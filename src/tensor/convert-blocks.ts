import { decodeBfloat16, encodeBfloat16 } from "./bfloat16.ts";
import { decodeBool, encodeBool } from "./boolean.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { decodeFloat8, encodeFloat8, isFloat8 } from "./float8.ts";
import { isNarrowInteger, saturate } from "./integer.ts";
import { decodeWide, encodeWide, isWideInteger, type WideArray } from "./wide-integer.ts";

// Through doubles, a block at a time: so each type needs one loop in and one loop out, which see one kind of array and
// compile to plain loops (a loop that calls a function per element took 40-130 ns each, these take a few).
const values = new Float64Array(2048);

/** float16, float32, float64: storing a number into the array is the conversion, rounded once. */
function isNativeFloat(dtype: DType): boolean {
  return dtype === "float16" || dtype === "float32" || dtype === "float64";
}

/** Whether assignment from array to array is all there is to do. */
export function storingConverts(from: DType, to: DType): boolean {
  return isNativeFloat(to) && (isNativeFloat(from) || isNarrowInteger(from));
}

/** All pairs but those of two 64-bit integers, which a double does not hold. */
export function convertBlocks(source: TypedArray, from: DType, out: TypedArray, to: DType): void {
  for (let begin = 0; begin < source.length; begin += values.length) {
    const end = Math.min(begin + values.length, source.length);
    const block = end - begin === values.length ? values : values.subarray(0, end - begin);
    decode(source.subarray(begin, end), from, block, to);
    encode(block, out.subarray(begin, end), to);
  }
}

function decode(source: TypedArray, from: DType, block: Float64Array, to: DType): void {
  if (from === "bool") decodeBool(source as Uint8Array, block);
  else if (from === "bfloat16") decodeBfloat16(source as Uint16Array, block);
  else if (isFloat8(from)) decodeFloat8(source as Uint8Array, from, block);
  else if (isWideInteger(from)) decodeWide(source as WideArray, from, block, to !== "float64");
  else block.set(source as Float64Array);
}

function encode(block: Float64Array, out: TypedArray, to: DType): void {
  if (to === "bool") encodeBool(block, out as Uint8Array);
  else if (to === "bfloat16") encodeBfloat16(block, out as Uint16Array);
  else if (isFloat8(to)) encodeFloat8(block, to, out as Uint8Array);
  else if (isWideInteger(to)) encodeWide(block, to, out as WideArray);
  else {
    if (isNarrowInteger(to)) saturate(block, to);
    (out as Float64Array).set(block);
  }
}

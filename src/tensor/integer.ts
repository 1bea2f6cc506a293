import type { DType } from "./dtype.ts";

const ranges = {
  uint8: [0, 0xff],
  uint16: [0, 0xffff],
  uint32: [0, 0xffff_ffff],
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  int32: [-0x8000_0000, 0x7fff_ffff],
} as const;

/** Integers of up to 32 bits. */
export type NarrowInteger = keyof typeof ranges;

export function isNarrowInteger(dtype: DType): dtype is NarrowInteger {
  return Object.hasOwn(ranges, dtype);
}

/** In place: toward zero, then to the nearer end of the type's range; NaN becomes 0. */
export function saturate(values: Float64Array, dtype: NarrowInteger): void {
  const [min, max] = ranges[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= min && value <= max) values[i] = Math.trunc(value);
    else values[i] = value > max ? max : value < min ? min : 0;
  }
}

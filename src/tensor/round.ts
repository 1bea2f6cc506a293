const scratch = new DataView(new ArrayBuffer(8));

/** Nearest integer, halves to the even one. Exact for every double. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * The float32 next to `x` with the odd last bit when `x` is none itself. Rounding that again to at most 22 bits gives
 * the same as rounding `x` once, which rounding to nearest twice does not.
 * Source: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd".
 */
export function toOddFloat32(x: number): number {
  const near = Math.fround(x);
  if (near === x || Number.isNaN(x)) return near;
  scratch.setFloat32(0, near);
  const bits = scratch.getUint32(0);
  if (bits & 1) return near;
  // `near` is even and not exact, so its neighbour on the side of `x` is odd and encloses it.
  scratch.setUint32(0, Math.abs(near) < Math.abs(x) ? bits + 1 : bits - 1);
  return scratch.getFloat32(0);
}

/** The same for an integer beyond 2^53 and a double: what is rounded to 51 bits or fewer afterwards is rounded once. */
export function toOddFloat64(integer: bigint): number {
  const near = Number(integer);
  const exact = BigInt(near);
  if (exact === integer) return near;
  scratch.setFloat64(0, near);
  const bits = scratch.getBigUint64(0);
  if (bits & 1n) return near;
  const below = exact < 0n ? exact > integer : exact < integer;
  scratch.setBigUint64(0, below ? bits + 1n : bits - 1n);
  return scratch.getFloat64(0);
}

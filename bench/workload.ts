/** What "written by one and read whole by the other" means in every row: the same two loops over float64. */
export function writeWhole(values: Float64Array, seed: number): void {
  values.fill(seed);
}

/** Reads every element. Throws when one is not `seed`: the bytes really travelled. */
export function readWhole(values: Float64Array, seed: number): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (sum !== seed * values.length) {
    throw new Error(`${values.length} elements add up to ${sum}, ${seed * values.length} were written`);
  }
}

/** Small whole numbers, so that the sum is exact at every size. */
export function seedOf(i: number): number {
  return 1 + (i % 7);
}

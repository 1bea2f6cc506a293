// Inputs that are random, and the same each time for the same seed.
import type { DType, TensorMemoryView } from "../../src/tensor/index.ts";

const floats: ReadonlySet<DType> = new Set<DType>(["float16", "float32", "float64"]);

/** A generator for one stream: numbers from -1 to 1 for floats, else 0 and 1, which are valid everywhere. */
export function randomInput(seed: number, stream: string): (view: TensorMemoryView, dtype: DType) => void {
  const next = generator(seed ^ Number(Bun.hash.crc32(stream)));
  return (view, dtype) => {
    const data = view.as(dtype);
    const float = floats.has(dtype);
    for (let index = 0; index < data.length; index++) {
      const value = float ? next() * 2 - 1 : Math.round(next());
      data[index] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : value;
    }
  };
}

/** From 0 to 1; a small xorshift. */
function generator(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

import { Bufferizer, type BufferizerOptions } from "../../src/bufferizer/index.ts";
import type { DArray } from "../../src/cuda/index.ts";
import type { DType, TensorSource } from "../../src/tensor/index.ts";

/** The element number `k` of shape [2]. */
export function element(k: number): Float32Array {
  return Float32Array.of(k, -k);
}

/** Elements one after the other, as one bare array. */
export function elements(...numbers: number[]): Float32Array {
  return Float32Array.from(numbers.flatMap((k) => [k, -k]));
}

export function make(
  options: Partial<BufferizerOptions<"float32", Bufferizer<"float32">>> = {},
): Bufferizer<"float32"> {
  return new Bufferizer({ shape: [2], bufferSize: 4, dtype: "float32", ...options });
}

/** Which elements an array has, by their numbers. */
export function numbersIn(array: DArray<DType> | TensorSource): number[] {
  const bytes = array.bytes().slice();
  const values = new Float32Array(bytes.buffer);
  const numbers: number[] = [];
  for (let i = 0; i < values.length; i += 2) {
    if (values[i + 1] !== -values[i]! && values[i + 1] !== 0)
      throw new Error(`no element: ${values[i]}, ${values[i + 1]}`);
    numbers.push(values[i]!);
  }
  return numbers;
}

/** What a bufferizer holds, by the elements' numbers. */
export function held(bufferizer: Bufferizer<"float32">): number[] {
  if (bufferizer.length === 0) return [];
  using filled = bufferizer.filled;
  return numbersIn(filled);
}

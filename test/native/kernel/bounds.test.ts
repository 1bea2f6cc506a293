import { expect, test } from "bun:test";
import fc from "fast-check";
import { codeOf } from "../../../src/native/check.ts";
import { native } from "../../../src/native/library.ts";
import { describe, Kernel, NativeArray, run } from "./arrays.ts";

function attempt(
  kernel: number,
  operands: readonly NativeArray[],
  scalars: readonly number[] = [],
): string | undefined {
  describe(operands, scalars);
  const result = native.mr_kernel_run(0, 0, kernel, operands.length, scalars.length, 0);
  return result < 0 ? codeOf(result) : undefined;
}

function arrayAt(byteOffset: number, shape: number[], strides: number[], elements: number): NativeArray {
  const array = new NativeArray("int32", [elements], {}, 0);
  return Object.assign(array, { shape, strides, byteOffset });
}

test("an array is taken exactly when all of its elements lie in its memory", () => {
  const axis = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -5, max: 5 }));
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 4 }), fc.integer({ min: 0, max: 30 }), (axes, first) => {
      const [shape, strides] = [axes.map(([size]) => size), axes.map(([, step]) => step)];
      using source = arrayAt(first * 4, shape, strides, 20);
      using out = new NativeArray("int32", shape);
      const inside = source.places().every((place) => place >= 0 && place <= 76);
      inside ? taken++ : refused++;
      expect(attempt(Kernel.copy, [out, source])).toBe(inside ? undefined : "out_of_bounds");
    }),
    { numRuns: 500 },
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(50);
});

test.each([
  ["a stride beyond every memory", [2], [2 ** 52], 0, "out_of_bounds"],
  ["strides whose sum is 0 again", [2 ** 31, 2 ** 31], [2 ** 31, -(2 ** 31)], 0, "out_of_bounds"],
  ["sizes whose product is 0 again", [2 ** 32, 2 ** 32], [0, 0], 0, "wrong_shape"],
  ["an element that begins between two", [2], [1], 2, "invalid_argument"],
  ["a fraction for a size", [1.5], [1], 0, "invalid_argument"],
  ["a size below 0", [-1], [1], 0, "invalid_argument"],
  ["no number for a stride", [2], [Number.NaN], 0, "invalid_argument"],
  ["nine axes", Array(9).fill(1), Array(9).fill(0), 0, "invalid_shape"],
] as const)("%s is refused", (_, shape, strides, byteOffset, code) => {
  using source = arrayAt(byteOffset, [...shape], [...strides], 20);
  using out = new NativeArray("int32", [2]);
  expect(attempt(Kernel.copy, [out, source])).toBe(code);
});

test("what is written may not overlap itself", () => {
  using source = new NativeArray("int32", [3, 3]);
  using out = arrayAt(0, [3, 3], [2, 1], 20);
  expect(attempt(Kernel.copy, [out, source])).toBe("invalid_argument");
  using everywhere = arrayAt(0, [2 ** 40], [0], 20);
  expect(attempt(Kernel.fill, [everywhere], [1])).toBe("invalid_argument");
});

test("an array that is gone is refused", () => {
  const source = new NativeArray("int32", [3]);
  using out = new NativeArray("int32", [3]);
  source[Symbol.dispose]();
  expect(attempt(Kernel.copy, [out, source])).toBe("closed");
});

test("every piece of a view is filled, whatever runs between two looks at the clock", () => {
  using out = new NativeArray("uint16", [300, 700], { order: [1, 0], gap: 2 });
  run(Kernel.fill, [out], [513]);
  expect(new Set(out.read() as Uint16Array)).toEqual(new Set([513]));
});

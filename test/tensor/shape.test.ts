import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Shape } from "../../src/tensor/index.ts";

const failsWith = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;

describe("Shape", () => {
  test.each([
    [[], 1, []],
    [[5], 5, [1]],
    [[2, 3, 4], 24, [12, 4, 1]],
    [[2, 0, 4], 0, [4, 4, 1]],
    [[1, 1], 1, [1, 1]],
  ])("%p has %d elements and strides %p", (shape, count, strides) => {
    expect(Shape.elementCount(shape)).toBe(count);
    expect(Shape.strides(shape)).toEqual(strides);
  });

  test.each([
    ["bool", [3, 3], 9],
    ["bfloat16", [3], 6],
    ["int64", [], 8],
    ["float8_e5m2", [7], 7],
    ["float32", [0, 1000], 0],
  ] as const)("%s %p takes %d bytes", (dtype, shape, bytes) => {
    expect(Shape.byteSize(dtype, shape)).toBe(bytes);
  });

  test.each([
    [[3, -1], "shape [3,-1]: axis 1 has no size yet"],
    [[-2], "axis 0 is -2"],
    [[1, 1.5], "axis 1 is 1.5"],
    [[Number.NaN], "axis 0 is NaN"],
    [[Number.POSITIVE_INFINITY], "axis 0 is Infinity"],
    [["3"], "axis 0 is 3"],
    [[2n], "axis 0 is 2"],
    [[2 ** 53], "axis 0 is 9007199254740992"],
    [[2 ** 30, 2 ** 23], "more than 2^53 elements up to axis 1"],
    [[0, 2 ** 30, 2 ** 30], "more than 2^53 elements up to axis 2"],
    ["3", "3 is not an array"],
    [undefined, "undefined is not an array"],
  ])("%p is refused with the figures", (shape, why) => {
    expect(() => Shape.elementCount(shape as number[])).toThrow(failsWith("invalid_shape", why));
    expect(() => Shape.strides(shape as number[])).toThrow(failsWith("invalid_shape", why));
    expect(() => Shape.validate(shape as number[])).toThrow(failsWith("invalid_shape", why));
  });

  test("a hole in the array of axes is refused", () => {
    expect(() => Shape.elementCount(new Array(2))).toThrow(failsWith("invalid_shape", "axis 0 is undefined"));
  });

  test("bytes are limited to 2^53, not only elements", () => {
    expect(Shape.byteSize("uint8", [2 ** 52])).toBe(2 ** 52);
    expect(() => Shape.byteSize("float64", [2 ** 52])).toThrow(failsWith("invalid_shape", "2^53 bytes of float64"));
  });

  test("the largest counts are exact and the first one beyond is refused", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 31 }), { minLength: 1, maxLength: 5 }), (shape) => {
        const exact = shape.reduce((product, size) => product * BigInt(size), 1n);
        if (exact < 2n ** 53n) expect(BigInt(Shape.elementCount(shape))).toBe(exact);
        else expect(() => Shape.elementCount(shape)).toThrow(failsWith("invalid_shape", "2^53"));
      }),
    );
  });

  test("strides reach every element exactly once", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), (shape) => {
        const strides = Shape.strides(shape);
        let offsets = [0];
        shape.forEach((size, axis) => {
          offsets = offsets.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[axis]!));
        });
        expect(offsets).toEqual(Array.from({ length: Shape.elementCount(shape) }, (_, i) => i));
      }),
    );
  });

  test("validate keeps a copy that nobody can change", () => {
    const given = [2, 3];
    const kept = Shape.validate(given);
    given[0] = 9;
    expect(kept).toEqual([2, 3]);
    expect(Object.isFrozen(kept)).toBe(true);
  });

  test("equals compares length and every axis", () => {
    expect(Shape.equals([1, 2], [1, 2])).toBe(true);
    expect(Shape.equals([1, 2], [1, 3])).toBe(false);
    expect(Shape.equals([1, 2], [1, 2, 1])).toBe(false);
    expect(Shape.equals([], [])).toBe(true);
  });
});

describe("Shape.infer", () => {
  test.each([
    [[-1], 7, [7]],
    [[2, -1, 3], 12, [2, 2, 3]],
    [[-1, 4], 0, [0, 4]],
    [[2, 3], 99, [2, 3]],
    [[0, -1], 0, [0, 0]],
  ])("%p with %d elements is %p", (pattern, count, shape) => {
    expect(Shape.infer(pattern, count)).toEqual(shape);
  });

  test.each([
    [[-1, -1], 4, "several axes of [-1,-1] are open"],
    [[-1, 3], 4, "4 elements do not fill [-1,3]"],
    [[0, -1], 4, "4 elements do not fill [0,-1]"],
  ])("%p with %d elements is refused", (pattern, count, why) => {
    expect(() => Shape.infer(pattern, count)).toThrow(failsWith("wrong_shape", why));
  });
});

test("Shape.matches takes any size where the pattern says -1", () => {
  expect(Shape.matches([4, 3], [-1, 3])).toBe(true);
  expect(Shape.matches([0, 3], [-1, 3])).toBe(true);
  expect(Shape.matches([4, 2], [-1, 3])).toBe(false);
  expect(Shape.matches([4], [-1, 3])).toBe(false);
  expect(Shape.matches([], [])).toBe(true);
});

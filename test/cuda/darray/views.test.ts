import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DArray, type Index } from "../../../src/cuda/darray/index.ts";
import type { TensorMemory } from "../../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";
import { counted, indicesFor, type Plain, shapes, sliced, transposed } from "./reference.ts";

function arrayOf({ shape, values }: Plain): DArray<"int32"> {
  return DArray.from(Int32Array.from(values), { shape });
}

function plainOf(array: DArray<"int32">): Plain {
  return { shape: array.shape, values: Array.from(array.toHost()) };
}

describe("a slice", () => {
  test("shows what NumPy's basic indexing names, whatever the shape and the indices", () => {
    const cases = shapes.chain((shape) => fc.tuple(fc.constant(shape), indicesFor(shape), indicesFor(shape)));
    fc.assert(
      fc.property(cases, ([shape, indices]) => {
        const plain = counted(shape);
        using array = arrayOf(plain);
        using view = array.slice(...indices);
        expect(plainOf(view)).toEqual(sliced(plain, indices));
      }),
    );
  });

  // What NumPy 2 gives for np.arange(10)[...].
  test.each<[Index, number[]]>([
    ["2:5", [2, 3, 4]],
    ["5:2", []],
    ["::-1", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ["8:2:-2", [8, 6, 4]],
    ["2:8:-2", []],
    [":5:-2", [9, 7]],
    ["-3:", [7, 8, 9]],
    ["20:5:-3", [9, 6]],
    ["-100:100:4", [0, 4, 8]],
    ["2:-100:-1", [2, 1, 0]],
    ["-100:2:-1", []],
    [{ start: 3, stop: undefined, step: 3 }, [3, 6, 9]],
    [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])("%p of ten elements", (index, expected) => {
    using array = arrayOf(counted([10]));
    using view = array.slice(index);
    expect(Array.from(view.toHost())).toEqual(expected);
  });

  test("of a slice reads and copies exactly its own elements", () => {
    using array = arrayOf(counted([4, 6]));
    using view = array.slice("1:4:2", "4:0:-2");
    expect(view.strides).toEqual([12, -2]);
    using inner = view.slice(":", "::-1");
    using copy = inner.copy();
    expect(Array.from(copy.toHost())).toEqual([8, 10, 20, 22]);
    expect(copy.contiguous).toBe(true);
    expect(inner.nbytes).toBe(16);
  });

  test("is a view: what is written there is in the array", () => {
    using array = DArray.zeros([3, 3], { dtype: "uint8" });
    using column = array.slice(":", 1);
    column.fill(7);
    using corner = array.slice(-1, -1);
    corner.fill(9);
    expect(Array.from(array.toHost())).toEqual([0, 7, 0, 0, 7, 0, 0, 7, 9]);
  });

  test("keeps the stream and the memory of its array, which may be closed before it", () => {
    const array = arrayOf(counted([2, 3]));
    using view = array.slice(1);
    array.close();
    expect(Array.from(view.toHost())).toEqual([3, 4, 5]);
    expect(view.stream).toBe(array.stream);
    expect(() => array.slice(0)).toThrow(failsWith("closed"));
  });

  test.each<[Index[], string, string]>([
    [[4], "out_of_bounds", "index 4 of axis 0, which has 3"],
    [[0, -4], "out_of_bounds", "index -4 of axis 1"],
    [[1.5], "invalid_argument", "1.5"],
    [[0, 0, 0], "invalid_argument", "3 indices for the 2 axes"],
    [["...", "..."], "invalid_argument", "stands 2 times"],
    [["::0"], "invalid_argument", "step of 0"],
    [["1:2:3:4"], "invalid_argument", "is no index"],
    [["a:b"], "invalid_argument", '"a:b" is no index'],
    [[{ start: 0.5 }], "invalid_argument", "is no index"],
    [[undefined as unknown as Index], "invalid_argument", "undefined is no index"],
    [[[0] as unknown as Index], "invalid_argument", "Array(1) is no index"],
  ])("refuses %p", (indices, code, text) => {
    using array = arrayOf(counted([3, 3]));
    expect(() => array.slice(...indices)).toThrow(failsWith(code as "out_of_bounds", text));
  });
});

describe("a transposition", () => {
  test("has the axes in the order asked for, without a copy", () => {
    const cases = shapes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(cases, ([shape, axes]) => {
        const plain = counted(shape);
        using array = arrayOf(plain);
        using view = array.transpose(axes);
        expect(view.allocation).toBe(array.allocation);
        expect(plainOf(view)).toEqual(transposed(plain, axes));
      }),
    );
  });

  test("without axes reverses them, as T does; negative axes count from the end", () => {
    using array = arrayOf(counted([2, 3, 4]));
    expect(array.transpose().shape).toEqual([4, 3, 2]);
    expect(array.T.strides).toEqual([1, 4, 12]);
    expect(array.transpose([-1, 0, 1]).shape).toEqual([4, 2, 3]);
  });

  test.each([[[0, 1]], [[0, 1, 1]], [[0, 1, 3]], [[0, 1, 0.5]], [[0, 1, 2, 2]]])("refuses axes %p of three", (axes) => {
    using array = arrayOf(counted([2, 3, 4]));
    expect(() => array.transpose(axes)).toThrow(failsWith("invalid_argument", `axes [${axes}]`));
  });
});

describe("a reshaped array", () => {
  test("has the same elements in the same order, without a copy", () => {
    using array = arrayOf(counted([4, 6]));
    using part = array.slice("1:3");
    for (const shape of [[12], [3, 4], [2, -1], [-1], [1, 12, 1]]) {
      using view = part.reshape(shape);
      expect(view.shape).toEqual(shape.map((size) => (size === -1 ? 12 / -shape.reduce((a, b) => a * b, 1) : size)));
      expect(view.allocation).toBe(array.allocation);
      expect(view.toHost()).toEqual(part.toHost());
    }
    expect(part.slice(0, 0).reshape([1, 1]).toHost()).toEqual(Int32Array.of(6));
    expect(array.slice("2:2").reshape([0, 7]).size).toBe(0);
  });

  test("must be contiguous, and have as many elements", () => {
    using array = arrayOf(counted([2, 3]));
    expect(() => array.T.reshape([6])).toThrow(failsWith("not_contiguous", "strides [1,3]"));
    expect(() => array.reshape([4])).toThrow(failsWith("wrong_shape", "[4] for the 6 elements"));
    expect(() => array.reshape([4, -1])).toThrow(failsWith("wrong_shape"));
    expect(() => array.reshape([-1, -1])).toThrow(failsWith("wrong_shape"));
    expect(() => array.reshape([-2, -3])).toThrow(failsWith("invalid_shape"));
    expect(() => array.reshape(6 as never)).toThrow(failsWith("invalid_shape"));
    expect(() => array.transpose(1 as never)).toThrow(failsWith("invalid_argument", "axes number 1"));
  });
});

describe("an array in an allocation", () => {
  test("lies where offset and strides say, also backwards and on one element", () => {
    using whole = arrayOf(counted([12]));
    const { allocation } = whole as unknown as { allocation: TensorMemory };
    const view = (shape: number[], strides: number[], byteOffset: number) =>
      Array.from(new DArray({ shape, strides, byteOffset, allocation, dtype: "int32" }).toHost());
    expect(view([2, 3], [6, 2], 4)).toEqual([1, 3, 5, 7, 9, 11]);
    expect(view([3], [-4], 44)).toEqual([11, 7, 3]);
    expect(view([2, 2], [0, 1], 8)).toEqual([2, 3, 2, 3]);
  });

  test.each<[number[], number[], number, string]>([
    [[13], [1], 0, "reaches from 0 to 12, the memory has 12"],
    [[2, 3], [12, 1], 0, "reaches from 0 to 14"],
    [[3], [-1], 4, "reaches from -1 to 1"],
    [[2], [2 ** 53 - 1], 0, "reaches"],
    [[1], [1], 48, "reaches from 12 to 12"],
  ])("refuses shape %p with strides %p at byte %p", (shape, strides, byteOffset, text) => {
    using whole = arrayOf(counted([12]));
    const { allocation } = whole as unknown as { allocation: TensorMemory };
    expect(() => new DArray({ shape, strides, byteOffset, allocation, dtype: "int32" })).toThrow(
      failsWith("out_of_bounds", text),
    );
  });
});

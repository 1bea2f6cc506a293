import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DArray } from "../../../src/cuda/darray/index.ts";
import { convert, type DType, type TensorMemory, type TypedArrayOf } from "../../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";
import { laidOut } from "./laid-out.ts";

type Operator = "add" | "sub" | "mul" | "div" | "rsub" | "rdiv";

const compute: Record<Operator, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  rsub: (a, b) => b - a,
  rdiv: (a, b) => b / a,
};
const operators = fc.constantFrom(...(Object.keys(compute) as Operator[]));

/** Types whose results follow from a double's: exactly, or rounded twice with the result of rounding once. */
const types: DType[] = [
  "uint8",
  "uint16",
  "uint32",
  "int8",
  "int16",
  "int32",
  "float16",
  "bfloat16",
  "float32",
  "float64",
];

/** The exact result as the type has it; 0 by 0 is 0 for integers. */
function expected(values: readonly number[], dtype: DType): TypedArrayOf {
  return convert(Float64Array.from(values), { to: dtype });
}

/** As numbers: any NaN is like another. */
function elements(array: DArray): number[] {
  return Array.from(array.toHost() as Float64Array);
}

describe("arithmetic", () => {
  test("between two arrays gives what each pair of elements gives, however they lie", () => {
    const cases = fc
      .constantFrom(...types)
      .chain((dtype) =>
        fc
          .tuple(operators, fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }))
          .chain(([operator, shape]) =>
            fc.tuple(fc.constant(dtype), fc.constant(operator), laidOut(shape, dtype), laidOut(shape, dtype)),
          ),
      );
    fc.assert(
      fc.property(cases, ([dtype, operator, one, other]) => {
        using a = one.make();
        using b = other.make();
        using result = a[operator](b);
        const values = one.values.map((value, i) => compute[operator](value, other.values[i]!));
        expect(elements(result)).toEqual(Array.from(expected(values, dtype) as Float64Array));
      }),
      { numRuns: 300 },
    );
  });

  test("with a number gives what each element gives with it, also a fraction with integers", () => {
    const scalars = fc.oneof(fc.integer({ min: -3, max: 300 }), fc.constantFrom(0.5, -0.25, 1.5, 1e10));
    const cases = fc
      .tuple(fc.constantFrom(...types), operators, fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), scalars)
      .filter(([dtype, operator, , scalar]) => !(operator === "div" && scalar === 0) && isExactIn(scalar, dtype))
      .chain(([dtype, operator, shape, scalar]) =>
        fc.tuple(fc.constant({ dtype, operator, scalar }), laidOut(shape, dtype)),
      );
    fc.assert(
      fc.property(cases, ([{ dtype, operator, scalar }, laid]) => {
        using a = laid.make();
        using result = a[operator](scalar);
        const values = laid.values.map((value) => compute[operator](value, scalar));
        expect(elements(result)).toEqual(Array.from(expected(values, dtype) as Float64Array));
      }),
      { numRuns: 300 },
    );
  });

  test("64-bit integers are exact beyond 2^53", () => {
    using a = DArray.from(BigInt64Array.of(2n ** 62n + 1n, -(2n ** 60n) - 1n, 7n));
    using b = DArray.from(BigInt64Array.of(3n, 2n ** 59n + 1n, -2n));
    expect(a.add(b).toHost()).toEqual(BigInt64Array.of(2n ** 62n + 4n, -(2n ** 59n), 5n));
    expect(a.sub(1).toHost()).toEqual(BigInt64Array.of(2n ** 62n, -(2n ** 60n) - 2n, 6n));
    expect(a.mul(4n).toHost()).toEqual(BigInt64Array.of(2n ** 63n - 1n, -(2n ** 62n) - 4n, 28n));
    expect(a.div(b).toHost()).toEqual(BigInt64Array.of((2n ** 62n + 1n) / 3n, -1n, -3n));
  });

  test("dividing integers by a half doubles them; by 0 is refused, by an element 0 is the end of the range", () => {
    using a = DArray.from(Uint8Array.of(1, 0, 200));
    expect(a.div(0.5).toHost()).toEqual(Uint8Array.of(2, 0, 255));
    expect(() => a.div(0)).toThrow(failsWith("division_by_zero", "divided by 0"));
    using zeros = DArray.zerosLike(a);
    expect(a.div(zeros).toHost()).toEqual(Uint8Array.of(255, 0, 255));
  });

  test("a reversed division of two arrays computes other / self", () => {
    using a = DArray.from(Float32Array.of(2, 4, 8));
    using b = DArray.from(Float32Array.of(1, 2, 32));
    expect(a.rdiv(b).toHost()).toEqual(Float32Array.of(0.5, 0.5, 4));
    expect(a.rsub(b).toHost()).toEqual(Float32Array.of(-1, -2, 24));
  });

  test("adding 0 and multiplying by 1 follow the strides too", () => {
    using a = DArray.from(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] });
    expect(a.T.add(0).toHost()).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    expect(a.slice(":", "::-1").mul(1).toHost()).toEqual(Float32Array.of(3, 2, 1, 6, 5, 4));
  });

  test("abs, scale and shift", () => {
    using a = DArray.from(Int16Array.of(-5, 3, -32768, 100));
    expect(a.abs().toHost()).toEqual(Int16Array.of(5, 3, 32767, 100));
    expect(a.scale(0.5).toHost()).toEqual(Int16Array.of(-2, 1, -16384, 50));
    expect(a.shift(-0.75).toHost()).toEqual(Int16Array.of(-5, 2, -32768, 99));
    using b = DArray.from(Float32Array.of(-1.5, 2));
    expect(b.T.abs().scale(3).shift(1).toHost()).toEqual(Float32Array.of(5.5, 7));
  });

  test.each<[DType, DType, number[], number[], string, string]>([
    ["float32", "float64", [2], [2], "wrong_dtype", "float32 and float64"],
    ["int8", "int8", [2], [1], "wrong_shape", "[2] and [1]"],
    ["int8", "int8", [2, 3], [3], "wrong_shape", "nothing is broadcast"],
    ["bool", "bool", [2], [2], "wrong_dtype", "bool is only stored"],
    ["float8_e5m2", "float8_e5m2", [2], [2], "wrong_dtype", "only stored"],
  ])("of %s and %s, shapes %p and %p, is refused", (one, other, shape, otherShape, code, text) => {
    using a = DArray.zeros(shape, { dtype: one });
    using b = DArray.zeros(otherShape, { dtype: other });
    for (const operator of Object.keys(compute) as Operator[])
      expect(() => a[operator](b)).toThrow(failsWith(code as "closed", text));
  });

  test.each([["1"], [undefined], [null], [{}], [2n ** 60n + 1n]])("with %p is refused", (other) => {
    using a = DArray.zeros([2], { dtype: "int64" });
    expect(() => a.add(other as number)).toThrow(failsWith("invalid_argument"));
  });

  test("with NaN is refused for integers only", () => {
    expect(() => DArray.zeros([2], { dtype: "int32" }).add(Number.NaN)).toThrow(failsWith("invalid_argument", "NaN"));
    expect(DArray.zeros([1]).add(Number.NaN).toHost()[0]).toBeNaN();
  });
});

describe("dst", () => {
  const operations: [string, (a: DArray<"int16">, dst: DArray<"int16">) => DArray][] = [
    ["add", (a, dst) => a.add(1, { dst })],
    ["sub", (a, dst) => a.sub(a, { dst })],
    ["mul", (a, dst) => a.mul(2, { dst })],
    ["div", (a, dst) => a.div(2, { dst })],
    ["rsub", (a, dst) => a.rsub(a, { dst })],
    ["rdiv", (a, dst) => a.rdiv(2, { dst })],
    ["abs", (a, dst) => a.abs({ dst })],
    ["scale", (a, dst) => a.scale(2, { dst })],
    ["shift", (a, dst) => a.shift(2, { dst })],
    ["copy", (a, dst) => a.copy({ dst })],
    ["astype", (a, dst) => a.astype("int16", { dst })],
  ];

  test.each(operations)("of %s is written and returned", (_, operate) => {
    using a = DArray.from(Int16Array.of(3, 4));
    using dst = DArray.empty([2], { dtype: "int16" });
    using fresh = operate(a, DArray.empty([2], { dtype: "int16" }));
    expect(operate(a, dst)).toBe(dst);
    expect(dst.toHost()).toEqual(fresh.toHost() as Int16Array<ArrayBuffer>);
  });

  test.each(operations)("of %s is checked: type, shape, repeated elements", (_, operate) => {
    using a = DArray.from(Int16Array.of(3, 4));
    const wrongType = DArray.empty([2], { dtype: "uint16" }) as unknown as DArray<"int16">;
    expect(() => operate(a, wrongType)).toThrow(failsWith("wrong_dtype", "dst is uint16, the result int16"));
    expect(() => operate(a, DArray.empty([3], { dtype: "int16" }))).toThrow(
      failsWith("wrong_shape", "dst has shape [3]"),
    );
    using one = DArray.zeros([1], { dtype: "int16" });
    const { allocation } = one as unknown as { allocation: TensorMemory };
    const repeated = new DArray({ shape: [2], strides: [0], dtype: "int16", allocation });
    expect(() => operate(a, repeated)).toThrow(failsWith("invalid_argument", "all 2 elements along axis 0 are one"));
    expect(() => operate(a, new Int16Array(2) as never)).toThrow(failsWith("invalid_argument", "dst is no DArray"));
  });

  test("may be an operand: that is working in place", () => {
    using a = DArray.from(Float32Array.of(1, 2, 3));
    a.add(1, { dst: a });
    a.mul(a, { dst: a });
    expect(a.toHost()).toEqual(Float32Array.of(4, 9, 16));
  });

  test("may overlap an operand in any way", () => {
    const sizes = fc.integer({ min: 2, max: 9 });
    fc.assert(
      fc.property(sizes, fc.nat(3), fc.nat(3), fc.boolean(), (size, from, to, backwards) => {
        const values = Array.from({ length: size + 4 }, (_, i) => i);
        using array = DArray.from(Int32Array.from(values));
        using source = array.slice({ start: from, stop: from + size });
        using forwards = array.slice({ start: to, stop: to + size });
        using dst = forwards.slice(backwards ? "::-1" : ":");
        source.mul(10, { dst });
        const results = values.slice(from, from + size).map((value) => value * 10);
        const wanted = values.toSpliced(to, size, ...(backwards ? results.toReversed() : results));
        expect(Array.from(array.toHost())).toEqual(wanted);
      }),
    );
  });

  test("may be a view into another array", () => {
    using image = DArray.zeros([2, 2, 2], { dtype: "uint8" });
    using ones = DArray.ones([2, 2], { dtype: "uint8" });
    ones.mul(9, { dst: image.slice("...", 1) });
    expect(image.toHost()).toEqual(Uint8Array.of(0, 9, 0, 9, 0, 9, 0, 9));
  });
});

/** Whether the type shows the number as it is, if it is a float: there the number takes part rounded. */
function isExactIn(scalar: number, dtype: DType): boolean {
  return (
    !dtype.includes("float") ||
    convert(convert(Float64Array.of(scalar), { to: dtype }), { from: dtype, to: "float64" })[0] === scalar
  );
}

// Of the layouts that `laidOut` draws, every kind must come up.
test("the layouts of these tests are dense, transposed, sliced, and backwards", () => {
  const strides = fc.sample(laidOut([3, 4], "float32"), 200).map((laid) => laid.make().strides);
  for (const [x, y] of [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ])
    for (const rowMajor of [true, false]) {
      const same = (of: readonly number[]) => Math.sign(of[0]!) === x && Math.sign(of[1]!) === y;
      const order = (of: readonly number[]) => Math.abs(of[0]!) > Math.abs(of[1]!) === rowMajor;
      expect(strides.some((of) => same(of) && order(of))).toBe(true);
    }
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DArray } from "../../../src/cuda/darray/index.ts";
import {
  convert,
  type DType,
  type ElementType,
  elementTypes,
  TensorMemory,
  type TypedArray,
} from "../../../src/tensor/index.ts";
import { failsWith } from "./fails-with.ts";
import { laidOut } from "./laid-out.ts";

const all = Object.values(elementTypes) as ElementType[];
const dtypes = fc.constantFrom(...all.map((type) => type.name));
const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });

describe("astype", () => {
  test("converts as convert does, from any type to any, however the elements lie", () => {
    const cases = fc
      .tuple(dtypes, dtypes, shapes)
      .chain(([from, to, shape]) => fc.tuple(fc.constant(to), laidOut(shape, from)));
    fc.assert(
      fc.property(cases, ([to, laid]) => {
        using array = laid.make();
        using result = array.astype(to);
        const values = convert(Float64Array.from(laid.values), { to: array.dtype });
        expect(result.toHost()).toEqual(convert(values, { from: array.dtype, to }));
        expect(result).toMatchObject({ dtype: to, contiguous: true });
      }),
      { numRuns: 400 },
    );
  });

  test("keeps the bits of elements of the same type, NaNs and bytes above 1 of bool too", () => {
    using array = DArray.from(Uint16Array.of(0x7fff, 0xffc1), { dtype: "bfloat16" });
    expect(array.astype("bfloat16").toHost()).toEqual(Uint16Array.of(0x7fff, 0xffc1));
    using bools = DArray.from(Uint8Array.of(0, 2, 255), { dtype: "bool" });
    expect(bools.astype("bool").toHost()).toEqual(Uint8Array.of(0, 2, 255));
    expect(bools.astype("uint8").toHost()).toEqual(Uint8Array.of(0, 1, 1));
  });

  test("refuses a type that there is not", () => {
    expect(() => DArray.zeros([1]).astype("int4" as DType)).toThrow(failsWith("invalid_dtype", "int4"));
  });
});

describe("copy, flatten and assign", () => {
  test("move every element to its place", () => {
    const cases = fc
      .tuple(dtypes, shapes)
      .chain(([dtype, shape]) => fc.tuple(laidOut(shape, dtype), laidOut(shape, dtype)));
    fc.assert(
      fc.property(cases, ([one, other]) => {
        using array = one.make();
        using target = other.make();
        const values = array.toHost();
        expect(array.copy().toHost()).toEqual(values);
        expect(array.flatten()).toMatchObject({ shape: [array.size], contiguous: true });
        expect(array.flatten().toHost()).toEqual(values);
        expect(target.assign(array)).toBe(target);
        expect(target.toHost()).toEqual(values);
      }),
    );
  });

  test("flatten writes to any array of as many elements", () => {
    using array = DArray.from(Int8Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] });
    using wide = DArray.zeros([12], { dtype: "int8" });
    array.T.flatten({ dst: wide.slice("::-2") });
    expect(wide.toHost()).toEqual(Int8Array.of(0, 6, 0, 3, 0, 5, 0, 2, 0, 4, 0, 1));
    expect(() => array.flatten({ dst: array })).toThrow(failsWith("wrong_shape", "the result [6]"));
  });

  test("assign wants an array of the same shape and type", () => {
    using array = DArray.zeros([2, 3]);
    expect(() => array.assign(DArray.zeros([3, 2]))).toThrow(failsWith("wrong_shape"));
    expect(() => array.assign(DArray.zeros([2, 3], { dtype: "int8" }) as never)).toThrow(failsWith("wrong_dtype"));
    expect(() => array.assign(3 as never)).toThrow(failsWith("invalid_argument", "the source is no DArray"));
  });
});

describe("fill", () => {
  test.each(all)("makes every element of a view of $name the value, and no other", ({ name }) => {
    using array = DArray.zeros([4, 5], { dtype: name });
    array.slice("1:4:2", "::-2").fill(1);
    const rows = [0, 1, 0, 1].flatMap((row) => [1, 0, 1, 0, 1].map((column) => row * column));
    expect(array.toHost()).toEqual(convert(Float64Array.from(rows), { to: name }));
  });

  test.each<[DType, (number | bigint | boolean)[]]>([
    ["uint8", [0, 255, 7n]],
    ["int8", [-128, 127]],
    ["uint32", [2 ** 32 - 1]],
    ["int64", [-(2n ** 63n), 2n ** 63n - 1n, 2 ** 62]],
    ["uint64", [2n ** 64n - 1n]],
    ["float16", [65504, Number.NaN, Number.POSITIVE_INFINITY, 0.1, -0]],
    ["float8_e4m3fn", [448, -448, Number.NaN]],
    ["float8_e5m2", [57344, Number.NEGATIVE_INFINITY]],
    ["float64", [Number.MAX_VALUE, 3n]],
    ["bool", [true, false, 1]],
  ])("of %s takes %p", (dtype, values) => {
    using array = DArray.zeros([3], { dtype });
    for (const value of values) {
      const held =
        dtype === "int64" || dtype === "uint64"
          ? convert(new elementTypes[dtype].arrayType([BigInt(value)] as never) as TypedArray, { to: dtype })
          : convert(Float64Array.of(Number(value)), { to: dtype });
      const element = held[0];
      expect(Array.from(array.fill(value).toHost() as ArrayLike<number | bigint>)).toEqual([
        element!,
        element!,
        element!,
      ]);
    }
  });

  test.each<[DType, unknown[]]>([
    ["uint8", [256, -1, 0.5, Number.NaN, "1", true]],
    ["int16", [32768, 1e300, Number.POSITIVE_INFINITY]],
    ["int64", [2n ** 63n, 2 ** 63]],
    ["uint64", [-1n, 2n ** 64n]],
    ["bool", [2, -1, 0.5, "true"]],
    ["float16", [65520, -1e5, true, "1", undefined]],
    ["float32", [1e39]],
    ["bfloat16", [3.4e38 * 1.01]],
    ["float8_e4m3fn", [465, Number.POSITIVE_INFINITY]],
    ["float8_e5m2", [57345]],
    ["float8_e4m3fnuz", [241]],
  ])("of %s refuses %p", (dtype, values) => {
    using array = DArray.zeros([3], { dtype });
    for (const value of values)
      expect(() => array.fill(value as number)).toThrow(failsWith("invalid_argument", `is no value of ${dtype}`));
  });
});

describe("toHost and fromHost", () => {
  test("fill an array of the caller's", () => {
    using array = DArray.from(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] });
    const dst = new Float32Array(4);
    expect(array.T.toHost({ dst })).toBe(dst);
    expect(dst).toEqual(Float32Array.of(1, 3, 2, 4));
    expect(() => array.toHost({ dst: new Float32Array(3) })).toThrow(failsWith("wrong_shape"));
    expect(() => array.toHost({ dst: new Float64Array(4) as never })).toThrow(failsWith("wrong_dtype"));
  });

  test("give memory of its own: the array may change or close", () => {
    const array = DArray.from(Int8Array.of(1, 2));
    const values = array.toHost();
    array.fill(0);
    array.close();
    expect(values).toEqual(Int8Array.of(1, 2));
  });

  test("take values of exactly this type and shape, in any order of memory", () => {
    using array = DArray.zeros([2, 3], { dtype: "uint8" });
    array.T.fromHost(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(array.toHost()).toEqual(Uint8Array.of(1, 3, 5, 2, 4, 6));
    using memory = new TensorMemory(6);
    memory.getView().data.fill(8);
    expect(array.fromHost(memory).toHost()).toEqual(new Uint8Array(6).fill(8));
    expect(() => array.fromHost(new Uint8Array(5))).toThrow(failsWith("wrong_shape"));
    expect(() => array.fromHost({ data: new Uint8Array(6), shape: [3, 2] })).toThrow(failsWith("wrong_shape", "[3,2]"));
    expect(() => array.fromHost(new Int8Array(6) as never)).toThrow(failsWith("wrong_dtype"));
  });

  test("have twins that resolve to the same", async () => {
    using array = DArray.zeros([2]);
    expect(await array.fromHostAsync(Float32Array.of(1, 2))).toBe(array);
    expect(await array.toHostAsync()).toEqual(Float32Array.of(1, 2));
    const dst = new Float32Array(2);
    expect(await array.toHostAsync({ dst })).toBe(dst);
    await expect(array.fromHostAsync(Float32Array.of(1))).rejects.toThrow(failsWith("wrong_shape"));
  });
});

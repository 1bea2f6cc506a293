import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { convert, type DType, type ElementType, elementTypes, type TypedArray } from "../../src/tensor/index.ts";

const failsWith = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) }) as unknown as Error;
const all = Object.values(elementTypes) as ElementType[];
const float64 = (...values: number[]) => Float64Array.from(values);
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const ranges: [DType, bigint, bigint][] = [
  ["uint8", 0n, 255n],
  ["int8", -128n, 127n],
  ["uint16", 0n, 65535n],
  ["int16", -32768n, 32767n],
  ["uint32", 0n, 2n ** 32n - 1n],
  ["int32", -(2n ** 31n), 2n ** 31n - 1n],
  ["uint64", 0n, 2n ** 64n - 1n],
  ["int64", -(2n ** 63n), 2n ** 63n - 1n],
];
const clamp = (x: bigint, min: bigint, max: bigint) => (x < min ? min : x > max ? max : x);
const asBigints = (array: TypedArray) => Array.from(array as ArrayLike<number | bigint>, BigInt);

/** Integers that matter: ends of every range and their neighbours, and what doubles cannot hold. */
const edges = [...new Set(ranges.flatMap(([, min, max]) => [min, max]))].flatMap((x) => [x - 1n, x, x + 1n]);
const interesting = [...edges, 0n, 1n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 60n + 1n];

describe("floats to integers", () => {
  test.each(ranges)("%s: toward zero, then to the nearer end, NaN to 0", (to, min, max) => {
    const inputs = [
      0.5,
      -0.5,
      0.999,
      -0.999,
      1.5,
      2.5,
      -1.5,
      100.7,
      nan,
      inf,
      -inf,
      1e300,
      -1e300,
      ...interesting.map(Number),
    ];
    const expected = inputs.map((x) => {
      if (Number.isNaN(x)) return 0n;
      if (Math.abs(x) === inf) return x > 0 ? max : min;
      return clamp(BigInt(Math.trunc(x)), min, max);
    });
    expect(asBigints(convert(float64(...inputs), { to }))).toEqual(expected);
  });

  test("any double is truncated exactly where it is in range", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(...ranges),
        (x, [to, min, max]) => {
          expect(asBigints(convert(float64(x), { to }))).toEqual([clamp(BigInt(Math.trunc(x)), min, max)]);
        },
      ),
    );
  });
});

describe("integers to integers", () => {
  for (const [from, fromMin, fromMax] of ranges) {
    test.each(ranges)(`${from} to %s: exact, or the nearer end`, (to, min, max) => {
      const inputs = interesting.filter((x) => x >= fromMin && x <= fromMax);
      const source = new elementTypes[from].arrayType(inputs.length);
      inputs.forEach((x, i) => {
        source[i] = elementTypes[from].size === 8 ? x : Number(x);
      });
      expect(asBigints(convert(source, { to }))).toEqual(inputs.map((x) => clamp(x, min, max)));
    });
  }
});

/** The neighbour of `x` among float32 values that is nearest to it, ties to even: exact, by comparing integers. */
function nearestFloat32(x: bigint): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, Number(x));
  const middle = bits.getUint32(0);
  let best = nan;
  for (const pattern of [middle - 1, middle, middle + 1]) {
    bits.setUint32(0, pattern);
    const candidate = bits.getFloat32(0);
    if (!Number.isFinite(candidate)) continue;
    const distance = (y: number) => (BigInt(y) > x ? BigInt(y) - x : x - BigInt(y));
    const better = Number.isNaN(best) || distance(candidate) < distance(best);
    if (better || (distance(candidate) === distance(best) && pattern % 2 === 0)) best = candidate;
  }
  return best;
}

describe("64-bit integers to floats are rounded once", () => {
  test("to float64 as Number() does", () => {
    expect([...convert(BigInt64Array.from([2n ** 53n + 1n, -(2n ** 63n)]), { to: "float64" })]).toEqual([
      2 ** 53,
      -(2 ** 63),
    ]);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (x) => {
        expect(convert(BigUint64Array.of(x), { to: "float64" })[0]).toBe(Number(x));
        const signed = BigInt.asIntN(64, x);
        expect(convert(BigInt64Array.of(signed), { to: "float64" })[0]).toBe(Number(signed));
      }),
    );
  });

  test("to float32, also where a double in between would make a tie", () => {
    const trap = 2n ** 60n + 2n ** 36n + 1n;
    expect(Math.fround(Number(trap))).toBe(2 ** 60);
    expect(convert(BigInt64Array.of(trap, -trap), { to: "float32" })).toEqual(
      Float32Array.of(2 ** 60 + 2 ** 37, -(2 ** 60) - 2 ** 37),
    );
    const beside = 2n ** 60n + 2n ** 37n + 2n ** 36n - 2n ** 8n + 1n;
    expect(convert(BigInt64Array.of(beside), { to: "float32" })[0]).toBe(2 ** 60 + 2 ** 37);
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 24n, max: 2n ** 63n - 1n }), (x) => {
        expect(convert(BigInt64Array.of(x), { to: "float32" })[0]).toBe(nearestFloat32(x));
      }),
    );
  });

  test("to bfloat16 and float16, where too large is infinity", () => {
    const trap = 2n ** 60n + 2n ** 52n;
    const values = BigInt64Array.of(trap, trap + 1n, trap - 1n);
    expect(convert(values, { to: "bfloat16" })).toEqual(Uint16Array.of(0x5d80, 0x5d81, 0x5d80));
    expect([...convert(BigInt64Array.of(65504n, 65519n, 65520n), { to: "float16" })]).toEqual([65504, 65504, inf]);
  });
});

describe("floats to float32 and float64", () => {
  test("round once to nearest even, and too large is infinity", () => {
    const inputs = [1 + 2 ** -24, 1 + 3 * 2 ** -24, 1 + 2 ** -24 + 2 ** -52, 3.5e38, -3.5e38, 1e-50, nan];
    expect([...convert(float64(...inputs), { to: "float32" })]).toEqual([
      1,
      1 + 2 ** -22,
      1 + 2 ** -23,
      inf,
      -inf,
      0,
      nan,
    ]);
  });

  test("keep the sign of zero", () => {
    expect(Object.is(convert(float64(-0), { to: "float32" })[0], -0)).toBe(true);
  });
});

describe("bool", () => {
  test.each([
    [float64(0, -0, 5e-324, nan, -1), [0, 0, 1, 1, 1]],
    [Int8Array.of(0, -1, 7), [0, 1, 1]],
    [BigInt64Array.of(0n, 1n, -(2n ** 63n), 2n ** 32n), [0, 1, 1, 1]],
    [BigUint64Array.of(0n, 2n ** 63n), [0, 1]],
    [Float16Array.of(0, 2 ** -24), [0, 1]],
  ])("of %p: 0 and -0 are false, all else true", (source, expected) => {
    expect([...convert(source as Int8Array, { to: "bool" })]).toEqual(expected);
  });

  test("is 0 or 1 in every type, also when its byte is neither", () => {
    for (const { name } of all.filter((type) => type.name !== "bool")) {
      const converted = convert(Uint8Array.of(0, 1, 255), { from: "bool", to: name });
      const back = convert(converted, { from: name, to: "int32" });
      expect([name, ...back]).toEqual([name, 0, 1, 1]);
    }
  });
});

describe("every pair of types", () => {
  test("carries 0, 1 and 2 exactly there and back", () => {
    for (const from of all) {
      for (const to of all) {
        if (from.name === "bool" || to.name === "bool") continue;
        const source = convert(float64(0, 1, 2), { to: from.name });
        const there = convert(source, { from: from.name, to: to.name });
        const values = convert(there, { from: to.name, to: "float64" });
        expect([from.name, to.name, ...values]).toEqual([from.name, to.name, 0, 1, 2]);
      }
    }
  });

  test("the same type copies bits, NaN payloads and odd bools included", () => {
    for (const { name, size, arrayType } of all) {
      const bits = Uint8Array.from({ length: 64 }, (_, i) => 0xff - i);
      const out = convert(new arrayType(bits.buffer), { from: name, to: name });
      expect(new Uint8Array(out.buffer, 0, 64)).toEqual(bits);
      expect(out.length).toBe(64 / size);
    }
  });

  test("blocks join without a seam", () => {
    const source = Float32Array.from({ length: 5000 }, (_, i) => i);
    expect([...convert(source, { to: "int16" })]).toEqual([...source]);
    expect([...convert(source, { to: "int64" })]).toEqual(Array.from(source, BigInt));
    expect(convert(new Float32Array(0), { to: "int64" })).toHaveLength(0);
  });
});

describe("the output", () => {
  test("may be given, and is returned", () => {
    const out = new Int16Array(2);
    expect(convert(float64(1.9, -1.9), { to: "int16", out })).toBe(out);
    expect([...out]).toEqual([1, -1]);
  });

  test("may lie over the source, at any offset and width", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 50 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 40 }),
        (values, a, b) => {
          const buffer = new ArrayBuffer(1024);
          const source = new Uint16Array(buffer, a * 2, values.length);
          source.set(values);
          const out = new Float64Array(buffer, b * 8, values.length);
          expect([...convert(source, { to: "float64", out })]).toEqual(values);
          const narrow = new Uint8Array(buffer, a, values.length);
          expect([...convert(out, { to: "uint8", out: narrow })]).toEqual(values);
        },
      ),
    );
  });

  test("may lie over a long source whose elements are narrower", () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => i % 256);
    const buffer = new ArrayBuffer(values.byteLength);
    const source = convert(values, { to: "bfloat16", out: new Uint16Array(buffer, 0, 5000) });
    expect(convert(source, { from: "bfloat16", to: "float32", out: new Float32Array(buffer) })).toEqual(values);
  });

  test.each([
    [{ to: "int16", out: new Int16Array(3) }, "wrong_shape", "out has 3 elements, the source 2"],
    [{ to: "int16", out: new Int32Array(2) }, "wrong_dtype", "out is Int32Array(2), which does not hold int16"],
    [{ to: "int16", from: "int8" }, "wrong_dtype", "source is Float64Array(2), which does not hold int8"],
    [{ to: "float" }, "invalid_dtype", '"float" names no element type'],
    [{ to: "int8", from: "?!" }, "invalid_dtype", '"?!" names no element type'],
  ])("%p is refused", (options, code, text) => {
    expect(() => convert(new Float64Array(2), options as { to: DType })).toThrow(failsWith(code, text));
  });

  test("plain arrays are refused", () => {
    expect(() => convert([1, 2] as unknown as Float32Array, { to: "int8" })).toThrow(
      failsWith("invalid_argument", "Array(2) is not a typed array"),
    );
  });
});

test("Buffer and clamped arrays are bytes of uint8", () => {
  expect([...convert(Buffer.from([1, 2]), { to: "float32" })]).toEqual([1, 2]);
  expect([...convert(Uint8ClampedArray.of(3), { to: "int64" })]).toEqual([3n]);
  const both = new ArrayBuffer(32);
  Buffer.from(both).set([1, 2, 3, 4]);
  expect([...convert(Buffer.from(both, 0, 4), { to: "float64", out: new Float64Array(both) })]).toEqual([1, 2, 3, 4]);
});

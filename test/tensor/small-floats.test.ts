import { describe, expect, test } from "bun:test";
import { convert, type DType } from "../../src/tensor/index.ts";
import table from "../fixtures/small-floats/ml_dtypes.json";
import {
  decodeAll,
  encode,
  magnitudes,
  nextAway,
  nextToward,
  patternCount,
  type SmallFloat,
  smallFloats,
  valueByFormula,
} from "./small-float-reference.ts";

const signBit = (format: SmallFloat) => patternCount(format) / 2;

describe.each(smallFloats.map((format) => [format.dtype, format] as const))("%s", (_name, format) => {
  const sign = signBit(format);
  const finite = magnitudes(format);
  const largest = finite.length - 1;

  test("every bit pattern has the value of the formula", () => {
    const expected = Float64Array.from({ length: patternCount(format) }, (_, pattern) =>
      valueByFormula(format, pattern),
    );
    expect([...decodeAll(format)]).toEqual([...expected]);
  });

  test("the value of every bit pattern becomes that pattern again, NaN the one NaN", () => {
    const nan = { fn: sign - 1, fnuz: sign, ieee: 0 }[format.kind];
    const quiet = format.kind === "ieee" ? (2 ** (format.exponentBits + 1) - 1) << (format.mantissaBits - 1) : nan;
    const values = [...decodeAll(format)];
    expect(encode(format, values)).toEqual(values.map((value, pattern) => (Number.isNaN(value) ? quiet : pattern)));
  });

  test("midpoints go to the even pattern, anything beside them to the nearer one", () => {
    const middles = finite.slice(1).map((value, below) => (value + finite[below]!) / 2);
    const even = middles.map((_, below) => below + (below % 2));
    const negative = (pattern: number) => (pattern === 0 && format.kind === "fnuz" ? 0 : pattern + sign);
    expect(encode(format, middles)).toEqual(even);
    expect(encode(format, middles.map(nextToward))).toEqual(middles.map((_, below) => below));
    expect(encode(format, middles.map(nextAway))).toEqual(middles.map((_, below) => below + 1));
    expect(
      encode(
        format,
        middles.map((middle) => -middle),
      ),
    ).toEqual(even.map(negative));
    expect(
      encode(
        format,
        middles.map((middle) => -nextAway(middle)),
      ),
    ).toEqual(middles.map((_, below) => below + 1 + sign));
  });

  test("what is too large overflows as stated", () => {
    const max = finite[largest]!;
    const step = max - finite[largest - 1]!;
    const beyond = format.overflow === "saturate" ? largest : largest + 1;
    const infinity = format.kind === "ieee" ? largest + 1 : largest;
    const inputs = [
      nextAway(max),
      nextToward(max + step / 2),
      max + step / 2,
      max * 2,
      1e39,
      1e308,
      Number.POSITIVE_INFINITY,
    ];
    const expected = [largest, largest, beyond, beyond, beyond, beyond, infinity];
    expect(encode(format, inputs)).toEqual(expected);
    expect(
      encode(
        format,
        inputs.map((x) => -x),
      ),
    ).toEqual(expected.map((pattern) => pattern + sign));
  });

  test("the smallest doubles become zero of their sign, which FNUZ does not have", () => {
    const minusZero = format.kind === "fnuz" ? 0 : sign;
    expect(encode(format, [0, -0, 5e-324, -5e-324, 1e-300, -1e-300])).toEqual([
      0,
      minusZero,
      0,
      minusZero,
      0,
      minusZero,
    ]);
  });
});

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64")).buffer;

describe("ml_dtypes agrees", () => {
  test.each(["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"] as const)("on %s", (dtype) => {
    const row = table[dtype];
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    // Spread, because typed arrays are compared byte by byte, and NaN has many.
    expect([...convert(all, { from: dtype, to: "float64" })]).toEqual([...new Float64Array(bytes(row.values))]);
    expect(convert(new Float32Array(bytes(row.probes)), { to: dtype })).toEqual(new Uint8Array(bytes(row.patterns)));
  });

  test("on bfloat16", () => {
    const { probes, patterns } = table.bfloat16;
    expect(convert(new Float32Array(bytes(probes)), { to: "bfloat16" })).toEqual(new Uint16Array(bytes(patterns)));
  });
});

describe("one rounding, not two", () => {
  // A tie of the narrow type that the wider step in between would make of a value just above it.
  test.each([
    ["bfloat16", 1 + 2 ** -8 + 2 ** -40, 0x3f81],
    ["bfloat16", 1 + 2 ** -8, 0x3f80],
    ["bfloat16", -(1 + 2 ** -8 + 2 ** -40), 0xbf81],
    ["bfloat16", 1 + 3 * 2 ** -8 - 2 ** -40, 0x3f81],
    ["bfloat16", 1 + 2 ** -7 + 2 ** -8 - 2 ** -23 + 2 ** -40, 0x3f81],
    ["float16", 1 + 2 ** -11 + 2 ** -40, 0x3c01],
    ["float16", 1 + 2 ** -11, 0x3c00],
    ["float16", 1 + 3 * 2 ** -11 - 2 ** -40, 0x3c01],
  ] as [DType, number, number][])("%s of %p", (dtype, value, pattern) => {
    const out = convert(Float64Array.of(value), { to: dtype });
    expect(new Uint16Array(out.buffer as ArrayBuffer)).toEqual(Uint16Array.of(pattern));
  });
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { convert, DType, elementTypes, type TypedArray } from "../../../src/tensor/index.ts";
import { Kernel, NativeArray, run } from "./arrays.ts";
import { expected, unpack } from "./fixtures.ts";

const dtypes = Object.values(DType);

/** As numbers, where a NaN is a NaN whatever its bits; integers as they are. */
function values(array: TypedArray, dtype: DType): unknown[] {
  if (dtype.endsWith("int64")) return [...(array as BigInt64Array)];
  return [...convert(array, { from: dtype, to: "float64" })];
}

function cast(source: TypedArray, from: DType, to: DType): TypedArray {
  using a = new NativeArray(from, [source.length], { gap: 2 }).write(source);
  using out = new NativeArray(to, [source.length], { reversed: [0] });
  run(Kernel.cast, [out, a]);
  return out.read();
}

describe.each(dtypes)("casting from %s", (from) => {
  test.each(dtypes)("to %s is what convert makes of any bits", (to) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 512 }), (bits) => {
        const { size, arrayType } = elementTypes[from];
        const source = new arrayType(bits.slice(0, bits.length - (bits.length % size)).buffer);
        expect(values(cast(source, from, to), to)).toEqual(values(convert(source, { from, to }), to));
      }),
      { numRuns: 10 },
    );
  });

  test("keeps what is small and whole in every float, and every bit in its own type", () => {
    const { size, arrayType } = elementTypes[from];
    const source = new arrayType(Uint8Array.from({ length: 256 * size }, (_, i) => i * 7 + (i >> 3)).buffer);
    expect(Buffer.from(cast(source, from, from).buffer)).toEqual(Buffer.from(source.buffer));
    const small = convert(
      Float64Array.from({ length: 8 }, (_, i) => i),
      { to: from },
    );
    const exact = from === "bool" ? [0, 1, 1, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 4, 5, 6, 7];
    expect(values(cast(small, from, "float32"), "float32")).toEqual(exact);
  });
});

test("casts agree with NumPy and ml_dtypes where a value has a place in both types", () => {
  for (const { from, to } of expected.casts) {
    const got = cast(unpack(from), from.dtype, to.dtype);
    expect({ from: from.dtype, to: to.dtype, got: values(got, to.dtype) }).toEqual({
      from: from.dtype,
      to: to.dtype,
      got: values(unpack(to), to.dtype),
    });
  }
});

test("dense rows and rows with gaps are cast alike", () => {
  const source = Float32Array.from({ length: 1000 }, (_, i) => (i - 500) * 1.37 + 2 ** (i % 40));
  for (const to of dtypes) {
    using a = new NativeArray("float32", [1000]).write(source);
    using out = new NativeArray(to, [1000]);
    run(Kernel.cast, [out, a]);
    expect(values(out.read(), to)).toEqual(values(cast(source, "float32", to), to));
  }
});

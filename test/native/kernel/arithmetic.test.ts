import { expect, test } from "bun:test";
import fc from "fast-check";
import { convert, type TypedArray } from "../../../src/tensor/index.ts";
import { Kernel, NativeArray, run } from "./arrays.ts";
import { expected, unpack } from "./fixtures.ts";

const ops = { add: 0, subtract: 1, multiply: 2, divide: 3, rsub: 4, rdiv: 5, absolute: 6, scale: 7 } as const;

test.each(expected.arithmetic.map((row) => [row.a.dtype, row] as const))(
  "arithmetic of %s elements is NumPy's where nothing leaves the type's range",
  (dtype, row) => {
    const shape = [4, 5, 2];
    using a = new NativeArray(dtype, shape, { order: [2, 0, 1] }).write(unpack(row.a));
    using b = new NativeArray(dtype, shape, { reversed: [1], gap: 3 }).write(unpack(row.b));
    for (const op of ["add", "subtract", "multiply", "divide", "absolute"] as const) {
      using out = new NativeArray(dtype, shape, { order: [1, 0, 2] });
      run(Kernel.arithmetic, op === "absolute" ? [out, a] : [out, a, b], [ops[op]]);
      expect({ op, got: out.read() }).toEqual({ op, got: unpack(row[op]) });
    }
  },
);

/** What the kernel does to one float32, in float32. */
const floats: ReadonlyArray<readonly [op: keyof typeof ops, (x: number, y: number, z: number) => number]> = [
  ["add", (x, y) => x + y],
  ["subtract", (x, y) => x - y],
  ["multiply", (x, y) => x * y],
  ["divide", (x, y) => x / y],
  ["rsub", (x, y) => y - x],
  ["rdiv", (x, y) => y / x],
  ["absolute", (x) => Math.abs(x)],
  ["scale", (x, y, z) => Math.fround(x * y) + z],
];

test.each(floats)("%s of floats with a number rounds each step once, dense and with gaps", (op, of) => {
  const numbers = fc.float({ noNaN: true });
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 40 }), numbers, numbers, (source, y, z) => {
      const scalars = op === "absolute" ? [] : op === "scale" ? [y, z] : [y];
      for (const gap of [1, 2]) {
        using a = new NativeArray("float32", [source.length], { gap }).write(source);
        using out = new NativeArray("float32", [source.length], { gap });
        run(Kernel.arithmetic, [out, a], [ops[op], ...scalars]);
        // As lists: a NaN is a NaN whatever its bits.
        expect([...(out.read() as Float32Array)]).toEqual([...source.map((x) => of(x, y, z))]);
      }
    }),
    { numRuns: 50 },
  );
});

test("small floats are computed with in float32 and rounded once", () => {
  const source = Float32Array.from({ length: 500 }, (_, i) => (i - 250) * 0.37);
  for (const dtype of ["float16", "bfloat16"] as const) {
    const small = convert(source, { to: dtype }) as TypedArray;
    using a = new NativeArray(dtype, [500]).write(small);
    using out = new NativeArray(dtype, [500]);
    run(Kernel.arithmetic, [out, a], [ops.scale, 1 / 3, 0.1]);
    const wide = convert(small, { from: dtype, to: "float32" });
    const third = Math.fround(1 / 3);
    const wanted = wide.map((x) => Math.fround(x * third) + Math.fround(0.1));
    expect(out.read()).toEqual(convert(wanted, { to: dtype }) as TypedArray);
  }
});

test("what changes nothing keeps to the strides all the same", () => {
  const values = Int16Array.from({ length: 24 }, (_, i) => i * i - 100);
  for (const [op, ...numbers] of [
    [ops.add, 0],
    [ops.subtract, 0],
    [ops.multiply, 1],
    [ops.divide, 1],
    [ops.scale, 1, 0],
  ] as const) {
    using a = new NativeArray("int16", [2, 3, 4], { order: [2, 0, 1], gap: 2 }).write(values);
    using out = new NativeArray("int16", [2, 3, 4], { reversed: [0, 2] });
    run(Kernel.arithmetic, [out, a], [op, ...numbers]);
    expect(out.read()).toEqual(values);
  }
});

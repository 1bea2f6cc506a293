import { describe, expect, test } from "bun:test";
import { convert, elementTypes, type TypedArray } from "../../../src/tensor/index.ts";
import { Kernel, NativeArray, type Placement, run } from "./arrays.ts";
import { scalarsOf } from "./case.ts";
import { type Case, expected, unpack } from "./fixtures.ts";

const [rows, planes] = [
  [0, 1, 2, 3],
  [0, 3, 1, 2],
] as const;
const layouts: Record<string, readonly [source: Placement, out: Placement]> = {
  "rows to rows": [{ order: rows }, { order: rows }],
  "rows to planes": [{ order: rows }, { order: planes }],
  "planes to rows": [{ order: planes }, { order: rows }],
  "turned columns with gaps": [
    { order: [0, 2, 1, 3], gap: 3 },
    { order: [2, 1, 3, 0], gap: 2 },
  ],
  mirrored: [{ reversed: [1, 2] }, { order: planes, reversed: [0, 3, 2] }],
};

/** The largest difference between elements. */
function distance(a: TypedArray, b: TypedArray, how: Case): number {
  const from = how.out.dtype;
  const [x, y] = [a, b].map((array) => convert(array, { from, to: "float64" }));
  return x!.reduce((most, value, i) => Math.max(most, Math.abs(value - y![i]!)), 0);
}

describe.each(Object.entries(layouts))("images from %s", (_, [sourceLayout, outLayout]) => {
  test.each(expected.cases.map((how) => [how.name, how.by, how] as const))("%s, as %s has it", (_, __, how) => {
    const packed = expected.images[how.source]!;
    using source = new NativeArray(packed.dtype, packed.shape, sourceLayout).write(unpack(packed));
    using out = new NativeArray(how.out.dtype, how.out.shape, outLayout);
    using selections = new DisposableStack();
    const operands = [out, source];
    for (const selection of [how.boxes, how.indices])
      if (selection !== undefined)
        operands.push(selections.use(new NativeArray("int32", selection.shape, { gap: 2 }).write(unpack(selection))));
    run(Kernel.sample, operands, scalarsOf(how));
    expect(distance(out.read(), unpack(how.out), how)).toBeLessThanOrEqual(how.tolerance);
    // What lies between the elements stays as it was.
    const between = new Set(out.bytes.keys()).difference(new Set(bytesOf(out)));
    expect([...between].filter((at) => out.bytes[at] !== untouched)).toEqual([]);
  });
});

/** What a new array's memory holds. */
const untouched = 0xa5;

function bytesOf(array: NativeArray): number[] {
  const { size } = elementTypes[array.dtype];
  return array.places().flatMap((place) => Array.from({ length: size }, (_, i) => place + i));
}

test("a constant image stays constant at every size", () => {
  using source = new NativeArray("float32", [1, 5, 7, 1]).write(new Float32Array(35).fill(0.1));
  for (const [height, width] of [
    [1, 1],
    [3, 20],
    [31, 2],
    [100, 100],
  ] as const) {
    using out = new NativeArray("float32", [1, height, width, 1]);
    run(Kernel.sample, [out, source], scalarsOf({ bilinear: true } as Case));
    expect(new Set(out.read() as Float32Array)).toEqual(new Set([Math.fround(0.1)]));
  }
});

test("channels are swapped in place", () => {
  const pixels = Uint8Array.from({ length: 4 * 5 * 3 }, (_, i) => i);
  using image = new NativeArray("uint8", [1, 4, 5, 3]).write(pixels);
  run(Kernel.sample, [image, image], scalarsOf({ map: [2, 1, 0] } as unknown as Case));
  expect(image.read()).toEqual(pixels.map((_, i) => i - (i % 3) + 2 - (i % 3)));
});

test.each(["uint64", "int64", "float64", "int32", "bfloat16", "bool"] as const)(
  "%s pixels that only move keep their bits, and the padding is of their type",
  (dtype) => {
    const size = { uint64: 8, int64: 8, float64: 8, int32: 4, bfloat16: 2, bool: 1 }[dtype];
    using source = new NativeArray(dtype, [1, 3, 4, 2]);
    source.bytes.set(Uint8Array.from({ length: 24 * size }, (_, i) => 251 - 7 * i));
    using out = new NativeArray(dtype, [1, 6, 4, 2]);
    run(Kernel.sample, [out, source], scalarsOf({ letterbox: true, padding: 1, map: [1, 0] } as unknown as Case));
    const [from, to] = [source.read(), out.read()];
    const one = convert(new Float64Array([1]), { to: dtype })[0]!;
    for (let y = 0; y < 6; y++)
      for (let i = 0; i < 8; i++) expect(to[8 * y + i]).toBe(y === 0 || y > 3 ? one : from[8 * (y - 1) + (i ^ 1)]!);
  },
);

test("integers get the nearest value in range, ties to even", () => {
  using source = new NativeArray("float32", [1, 1, 8, 1]);
  using bytes = new NativeArray("uint8", [1, 1, 8, 1]);
  using words = new NativeArray("int16", [1, 1, 8, 1]);
  source.write(new Float32Array([0.5, 1.5, 2.5, -0.4, -7, 254.5, 255.5, Number.NaN]));
  run(Kernel.sample, [bytes, source], scalarsOf({} as Case));
  run(Kernel.sample, [words, source], scalarsOf({} as Case));
  expect([...(bytes.read() as Uint8Array)]).toEqual([0, 2, 2, 0, 0, 254, 255, 0]);
  expect([...(words.read() as Int16Array)]).toEqual([0, 2, 2, 0, -7, 254, 256, 0]);
});

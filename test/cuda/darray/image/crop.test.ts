import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DArray, DImage } from "../../../../src/cuda/darray/index.ts";
import { TensorMemory } from "../../../../src/tensor/index.ts";
import { failsWith } from "../fails-with.ts";
import { imageOf, images, layouts, type Pixels, resized, sizes, valuesOf } from "./reference.ts";

type Box = [x1: number, y1: number, x2: number, y2: number];

function boxesIn(pixels: Pixels): fc.Arbitrary<Box[]> {
  const range = (size: number) =>
    fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
  const box = fc
    .tuple(range(pixels[0]!.length), range(pixels.length))
    .map(([[x1, x2], [y1, y2]]): Box => [x1, y1, x2, y2]);
  return fc.array(box, { maxLength: 4 });
}

const grid: Pixels = Array.from({ length: 4 }, (_, y) => Array.from({ length: 5 }, (_, x) => [10 * y + x]));

describe("cropAndResize", () => {
  test("cuts every box out and resizes it", () => {
    const cases = images(3).chain((pixels) => fc.tuple(fc.constant(pixels), boxesIn(pixels)));
    fc.assert(
      fc.property(
        cases,
        sizes,
        layouts,
        fc.constantFrom("nearest", "bilinear"),
        ([pixels, boxes], size, layout, interpolation) => {
          using image = imageOf(pixels, layout);
          using result = image.cropAndResize(boxes, size, { interpolation });
          expect(result).toMatchObject({ ...size, count: boxes.length, channels: 3 });
          expect(result.layout).toBe(layout.endsWith("HWC") ? "NHWC" : "NCHW");
          const wanted = boxes.flatMap(([x, y, x2, y2]) =>
            resized(pixels, { x, y, width: x2 - x, height: y2 - y }, size, interpolation).flat(2),
          );
          const values = valuesOf(result);
          expect(values).toHaveLength(wanted.length);
          for (const [i, value] of values.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
        },
      ),
    );
  });

  test("takes hundreds of boxes, flat or as an array too", () => {
    const boxes = Array.from({ length: 500 }, (_, i): Box => [i % 5, i % 4, (i % 5) + 1, (i % 4) + 1]);
    using image = imageOf(grid, "HWC", "uint8");
    const wanted = Uint8Array.from(boxes, ([x, y]) => 10 * y + x);
    const flat = Int32Array.from(boxes.flat());
    for (const given of [boxes, flat, DArray.from(flat, { shape: [500, 4] })])
      expect(image.cropAndResize(given, { width: 1, height: 1 }).toHost()).toEqual(wanted);
  });

  test("finds its way in images whose sides do not fit 16 bits, nor their product 32", () => {
    const side = 70_000;
    using memory = new TensorMemory(side);
    memory.getView().data.set(Uint8Array.from({ length: side }, (_, i) => i));
    // Every row is the same memory.
    const array = new DArray({ allocation: memory, shape: [side, side], strides: [0, 1], dtype: "uint8" });
    using image = DImage.of(array, { layout: "HW" });
    for (const interpolation of ["nearest", "bilinear"] as const) {
      const box: Box = [side - 3, side - 2, side, side];
      using corner = image.cropAndResize([box], { width: 3, height: 2 }, { interpolation });
      const row = [side - 3, side - 2, side - 1].map((i) => i % 256);
      expect(corner.toHost()).toEqual(Uint8Array.from([...row, ...row]));
      using whole = image.resize({ width: 1, height: 70 }, { interpolation: "nearest" });
      expect(new Set(whole.toHost())).toEqual(new Set([0]));
    }
  });

  test("writes to dst and returns it, an array or an image", () => {
    using image = imageOf(grid, "HWC", "uint8");
    using dst: DArray = DArray.zeros([2, 1, 2, 1], { dtype: "uint8" });
    const boxes: Box[] = [
      [0, 0, 2, 1],
      [3, 3, 5, 4],
    ];
    const size = { width: 2, height: 1 };
    expect(image.cropAndResize(boxes, size, { dst })).toBe(dst);
    expect(dst.toHost()).toEqual(Uint8Array.of(0, 1, 33, 34));
    using images = DImage.of(dst, { layout: "NHWC" });
    expect(image.cropAndResize(boxes.toReversed(), size, { dst: images }).layout).toBe("NHWC");
    expect(dst.toHost()).toEqual(Uint8Array.of(33, 34, 0, 1));
  });

  test("keeps ratios with letterbox, and pads", () => {
    using image = imageOf(grid, "HWC", "uint8");
    const options = { letterbox: true, padding: 99, interpolation: "nearest" } as const;
    using result = image.cropAndResize(
      [
        [0, 0, 2, 1],
        [4, 0, 5, 2],
      ],
      { width: 2, height: 2 },
      options,
    );
    expect(result.toHost()).toEqual(Uint8Array.of(0, 1, 99, 99, 4, 99, 14, 99));
  });

  test("of a batch takes each box from the image that is named", () => {
    using batch = new DImage({ array: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [3, 1, 2], layout: "NHW" });
    const boxes: Box[] = [
      [0, 0, 1, 1],
      [1, 0, 2, 1],
      [0, 0, 1, 1],
    ];
    const size = { width: 1, height: 1 };
    expect(batch.cropAndResize(boxes, size, { images: [2, 0, 1] }).toHost()).toEqual(Uint8Array.of(5, 2, 3));
    expect(() => batch.cropAndResize(boxes, size)).toThrow(failsWith("invalid_argument", "which of 3 images"));
    expect(() => batch.cropAndResize(boxes, size, { images: [0, 1] })).toThrow(
      failsWith("wrong_shape", "2 image numbers"),
    );
    expect(() => batch.cropAndResize(boxes, size, { images: [0, 1, 3] })).toThrow(failsWith("invalid_argument", "3"));
  });

  test.each<[unknown, string, string]>([
    [[[0, 0, 6, 1]], "out_of_bounds", "box 0 [0,0,6,1] reaches beyond the image of 5 x 4"],
    [
      [
        [0, 0, 1, 1],
        [0, 0, 1, 5],
      ],
      "out_of_bounds",
      "box 1 [0,0,1,5] reaches beyond",
    ],
    [[[-1, 0, 1, 1]], "out_of_bounds", "reaches beyond"],
    [[[2, 0, 2, 1]], "out_of_bounds", "has no pixels"],
    [[[0, 3, 1, 2]], "out_of_bounds", "has no pixels"],
    [[[0, 0, 1]], "invalid_argument", "box 0 is [0,0,1], not four integers"],
    [[[0, 0, 1.5, 1]], "invalid_argument", "not four integers"],
    [[[0, 0, 2 ** 32 + 1, 1]], "invalid_argument", "not four integers"],
    [[1, 2, 3, 4], "invalid_argument", "not four integers"],
    [Int32Array.of(0, 0, 1), "wrong_shape", "3 numbers are no rows of 4"],
    [Int32Array.of(0, 0, 9, 1), "out_of_bounds", "box 0"],
    [DArray.from(Int32Array.of(0, 0, 1, 1)), "wrong_shape", "[n,4], not [4]"],
    [DArray.zeros([1, 4]), "wrong_dtype", "int32, not float32"],
    [DArray.zeros([1, 4], { dtype: "int32" }), "out_of_bounds", "has no pixels"],
    [Float32Array.of(0, 0, 1, 1), "invalid_argument", "no rows of numbers"],
    ["boxes", "invalid_argument", "no rows of numbers"],
  ])("refuses %p", (boxes, code, text) => {
    using image = imageOf(grid, "HWC", "uint8");
    const crop = () => image.cropAndResize(boxes as Box[], { width: 1, height: 1 });
    expect(crop).toThrow(failsWith(code as "closed", text));
  });
});

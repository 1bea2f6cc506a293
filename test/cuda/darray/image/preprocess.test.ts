import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ColorFormat, DArray, DImage, type PreprocessOptions } from "../../../../src/cuda/darray/index.ts";
import { failsWith } from "../fails-with.ts";
import { imageOf, images, layouts, sizes, valuesOf } from "./reference.ts";

describe("preprocess", () => {
  const options = fc.record({
    size: sizes,
    interpolation: fc.constantFrom("nearest", "bilinear"),
    letterbox: fc.boolean(),
    color: fc.constantFrom<ColorFormat | undefined>("rgb", "bgr", "gray", undefined),
    normalize: fc.constantFrom("unit", "tf", undefined),
    layout: fc.constantFrom("NCHW", "NHWC"),
    dtype: fc.constantFrom("float32", "float64"),
  });

  test("does in one pass what the steps do one after the other", () => {
    fc.assert(
      fc.property(images(3), layouts, options, (pixels, layout, given) => {
        using image = imageOf(pixels, layout);
        using result = image.preprocess(given as Omit<PreprocessOptions, "dst">);
        const { size, interpolation } = given;
        using fitted = given.letterbox
          ? image.letterbox(size, { interpolation }).image
          : image.resize(size, { interpolation });
        using colored = given.color === undefined ? fitted.copy() : fitted.cvtColor(given.color);
        using normal = given.normalize === undefined ? colored.copy() : colored.normalize(given.normalize);
        expect(result).toMatchObject({
          ...size,
          dtype: given.dtype,
          layout: given.layout,
          count: 1,
          color: colored.color,
        });
        const wanted = valuesOf(normal);
        const values = valuesOf(result);
        expect(values).toHaveLength(wanted.length);
        for (const [i, value] of values.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
      }),
      { numRuns: 200 },
    );
  });

  test("makes float32 [1,C,H,W] of a frame unless it is said otherwise", () => {
    using image = imageOf([[[1, 2, 3]]], "HWC", "uint8");
    using result = image.preprocess();
    expect(result).toMatchObject({ shape: [1, 3, 1, 1], dtype: "float32", layout: "NCHW" });
    expect(result.toHost()).toEqual(Float32Array.of(1, 2, 3));
  });

  test("of boxes and of a batch makes as many images, into a slot of a larger array too", () => {
    using batch = new DImage({ array: Uint8Array.of(0, 51, 102, 255), shape: [2, 1, 2], layout: "NHW" });
    using slots = DArray.zeros([3, 1, 1, 2]);
    batch.preprocess({ normalize: "unit", dst: slots.slice("1:") });
    for (const [i, value] of [0, 0, 0, 0.2, 0.4, 1].entries()) expect(slots.toHost()[i]).toBeCloseTo(value, 6);
    const boxes = [
      [1, 0, 2, 1],
      [0, 0, 1, 1],
    ] as const;
    const options = { boxes, images: [0, 1], size: { width: 1, height: 1 }, dtype: "uint8" } as const;
    expect(batch.preprocess(options).toHost()).toEqual(Uint8Array.of(51, 102));
  });

  test("rounds once: what the steps would round between them stays", () => {
    using image = imageOf([[[0], [255]]], "HWC", "uint8");
    using result = image.preprocess({ size: { width: 4, height: 1 }, normalize: "unit" });
    for (const [i, value] of [0, 0.25, 0.75, 1].entries()) expect(result.toHost()[i]).toBeCloseTo(value, 6);
  });

  test.each<[object, string, string]>([
    [{ layout: "HW" }, "invalid_argument", "no axis for 3 channels"],
    [{ layout: "WH" }, "invalid_argument", "is no layout"],
    [{ boxes: [[0, 0, 1, 1]] }, "invalid_argument", "boxes need the size"],
    [
      {
        boxes: [
          [0, 0, 1, 1],
          [0, 0, 1, 1],
        ],
        size: { width: 1, height: 1 },
        layout: "CHW",
      },
      "invalid_argument",
      "no axis for 2 images",
    ],
    [{ dtype: "int4" }, "invalid_dtype", "int4"],
    [
      { normalize: "meanStd", mean: [0, 0, 0], std: [1, 1, 1], color: "gray" },
      "invalid_argument",
      "the result has 1 channels",
    ],
    [{ dst: DArray.zeros([1, 3, 2, 2]) }, "wrong_shape", "dst has shape [1,3,2,2], the result [1,3,1,1]"],
  ])("refuses %p", (options, code, text) => {
    using image = imageOf([[[1, 2, 3]]], "HWC", "uint8");
    expect(() => image.preprocess(options)).toThrow(failsWith(code as "closed", text));
  });
});

import { describe, expect, test } from "bun:test";
import { DArray, DImage, type ImageLayout, type Interpolation } from "../../../../src/cuda/darray/index.ts";
import { convert, type DType } from "../../../../src/tensor/index.ts";
import { type Case, expected, unpack } from "../../../native/kernel/fixtures.ts";
import { valuesOf } from "./reference.ts";

const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];

/** What the case asks for, by its name's first words. */
const operations: readonly (readonly [RegExp, (image: DImage, how: Case, bgr: DImage) => DImage])[] = [
  [/^(nearest|bilinear),/, (image, how) => image.resize(sizeOf(how), ways(how))],
  [/^letterbox,/, (image, how) => image.letterbox(sizeOf(how), ways(how)).image],
  [
    /^crop and /,
    (image, how) =>
      image.cropAndResize(boxesOf(how), sizeOf(how), {
        ...ways(how),
        images: Array.from(unpack(how.indices!) as Int32Array),
      }),
  ],
  [/^RGB to BGR/, (image) => image.cvtColor("bgr")],
  [/^RGB to grey/, (image) => image.cvtColor("gray")],
  [/^BGR to grey/, (_, __, bgr) => bgr.cvtColor("gray")],
  [/^grey to RGB/, (image) => image.cvtColor("rgb")],
  [/^normalise 255/, (image, how) => image.normalize("unit", { dtype: how.out.dtype })],
  [/^normalise tf/, (image, how) => image.normalize("tf", { dtype: how.out.dtype })],
  [/^normalise mean/, (image, how) => image.normalize("meanStd", { dtype: how.out.dtype, mean, std })],
  [
    /^crop, bilinear, swap/,
    (image, how) =>
      image.preprocess({
        boxes: boxesOf(how),
        size: sizeOf(how),
        color: "bgr",
        normalize: "meanStd",
        mean,
        std,
        dtype: how.out.dtype,
      }),
  ],
];

function sizeOf({ out }: Case): { width: number; height: number } {
  return { height: out.shape[1]!, width: out.shape[2]! };
}

function boxesOf(how: Case): Int32Array {
  return unpack(how.boxes!) as Int32Array;
}

function ways(how: Case): { interpolation: Interpolation; letterbox: boolean; padding: number | undefined } {
  const interpolation = how.bilinear === true ? "bilinear" : "nearest";
  return { interpolation, letterbox: how.letterbox === true, padding: how.padding };
}

describe.each<ImageLayout>(["NHWC", "NCHW"])("images of %s", (layout) => {
  test.each(expected.cases.map((how) => [how.name, how.by, how] as const))("%s: as %s has it", (name, _, how) => {
    const { dtype, shape } = expected.images[how.source]!;
    using array = DArray.from(unpack(expected.images[how.source]!) as never, { dtype: dtype as DType, shape });
    using given = DImage.of(array, { layout: "NHWC" });
    using image = given.toLayout(layout);
    using bgr = DImage.of(image, { layout, ...(image.channels === 3 ? { color: "bgr" } : {}) });
    const [, operate] = operations.find(([words]) => words.test(name))!;
    using result = operate(image, how, bgr);
    const wanted = convert(unpack(how.out), { from: how.out.dtype, to: "float64" });
    const values = valuesOf(result);
    expect(values).toHaveLength(wanted.length);
    expect(result.dtype).toBe(how.out.dtype);
    const furthest = values.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
    expect(furthest).toBeLessThanOrEqual(how.tolerance);
  });
});

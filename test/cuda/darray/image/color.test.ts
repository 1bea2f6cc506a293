import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ColorFormat, DArray, DImage } from "../../../../src/cuda/darray/index.ts";
import { failsWith } from "../fails-with.ts";
import { imageOf, images, layouts, mapped, type Pixels, valuesOf } from "./reference.ts";

function colored(pixels: Pixels, color: ColorFormat, layout: "HWC" | "CHW" | "NHWC" | "NCHW", spread = false): DImage {
  using image = imageOf(pixels, layout, "float32", spread);
  return DImage.of(image, { layout, color });
}

const layoutsOf = layouts as fc.Arbitrary<"HWC" | "CHW" | "NHWC" | "NCHW">;

describe("cvtColor", () => {
  test("swaps red and blue, in any layout, also in place", () => {
    fc.assert(
      fc.property(images(3), layoutsOf, fc.boolean(), (pixels, layout, spread) => {
        using image = colored(pixels, "rgb", layout, spread);
        const swapped = pixels.flat(1).flatMap(([a, b, c]) => [c!, b!, a!]);
        using result = image.cvtColor("bgr");
        expect(result).toMatchObject({ color: "bgr", layout, shape: image.shape });
        expect(valuesOf(result)).toEqual(swapped);
        using inPlace = DImage.of(image, { layout, color: "bgr" });
        expect(image.cvtColor("bgr", { dst: inPlace })).toBe(inPlace);
        expect(valuesOf(image)).toEqual(swapped);
      }),
    );
  });

  test.each<[ColorFormat, [number, number, number]]>([
    ["rgb", [0.299, 0.587, 0.114]],
    ["bgr", [0.114, 0.587, 0.299]],
  ])("makes luma of %s with weights %p", (color, weights) => {
    fc.assert(
      fc.property(images(3), layoutsOf, (pixels, layout) => {
        using image = colored(pixels, color, layout);
        using gray = image.cvtColor("gray");
        expect(gray).toMatchObject({ color: "gray", channels: 1, layout });
        const wanted = pixels.flat(1).map((pixel) => pixel.reduce((sum, value, i) => sum + value * weights[i]!, 0));
        for (const [i, value] of valuesOf(gray).entries()) expect(value).toBeCloseTo(wanted[i]!, 3);
      }),
    );
  });

  test("gives a gray image in all three channels, which a layout without channels gets", () => {
    using gray = new DImage({ array: Uint8Array.of(1, 2), shape: [1, 2] });
    using color = gray.cvtColor("bgr");
    expect(color).toMatchObject({ layout: "HWC", shape: [1, 2, 3], color: "bgr" });
    expect(color.toHost()).toEqual(Uint8Array.of(1, 1, 1, 2, 2, 2));
  });

  test("to the same colour is a copy", () => {
    using image = colored([[[1, 2, 3]]], "bgr", "HWC");
    using same = image.cvtColor("bgr");
    expect(same.allocation).not.toBe(image.allocation);
    expect(same.toHost()).toEqual(Float32Array.of(1, 2, 3));
  });

  test("checks dst, and that it knows the channels", () => {
    using image = colored([[[1, 2, 3]]], "rgb", "HWC");
    expect(() => image.cvtColor("gray", { dst: DArray.zeros([1, 1, 3]) })).toThrow(failsWith("wrong_shape"));
    expect(() => image.cvtColor("bgr", { dst: image })).toThrow(
      failsWith("invalid_argument", "dst is HWC rgb, the result HWC bgr"),
    );
    using four = new DImage({ shape: [1, 1, 4], layout: "HWC" });
    expect(() => four.cvtColor("gray")).toThrow(failsWith("invalid_argument", "4 channels"));
    expect(() => image.cvtColor("yuv" as "rgb")).toThrow(failsWith("invalid_argument", '"yuv"'));
  });
});

describe("normalize", () => {
  const mean = [0.485, 0.456, 0.406];
  const std = [0.229, 0.224, 0.225];
  const kinds = {
    unit: (value: number) => value / 255,
    tf: (value: number) => value / 127.5 - 1,
    meanStd: (value: number, channel: number) => (value / 255 - mean[channel]!) / std[channel]!,
  };

  test.each(Object.entries(kinds))(
    "%s follows the strides of its image: transposed, sliced, backwards",
    (kind, formula) => {
      fc.assert(
        fc.property(images(3), layouts, fc.boolean(), (pixels, layout, spread) => {
          using image = imageOf(pixels, layout, "uint8", spread);
          const options = kind === "meanStd" ? { mean, std } : {};
          using result = image.normalize(kind as keyof typeof kinds, options);
          expect(result).toMatchObject({ dtype: "float32", layout, shape: image.shape });
          const wanted = mapped(pixels, formula).flat(2);
          for (const [i, value] of valuesOf(result).entries()) expect(value).toBeCloseTo(wanted[i]!, 4);
        }),
      );
    },
  );

  test("has the element type asked for, or that of dst", () => {
    using image = imageOf([[[255, 0, 51]]], "HWC", "uint8");
    expect(image.normalize("unit", { dtype: "float16" }).toHost()).toEqual(Float16Array.of(1, 0, 0.2));
    using dst = DArray.zeros([1, 1, 3]);
    const result = image.normalize("tf", { dst });
    expect(result.allocation).toBe(dst.allocation);
    for (const [i, value] of [1, -1, -0.6].entries()) expect(dst.toHost()[i]).toBeCloseTo(value, 6);
    expect(() => image.normalize("tf", { dst: DArray.zeros([1, 1, 3], { dtype: "float64" }) as never })).toThrow(
      failsWith("wrong_dtype"),
    );
  });

  test.each<[string, object, string]>([
    ["meanStd", {}, "mean is missing"],
    ["meanStd", { mean }, "std is missing"],
    ["meanStd", { mean: [0], std }, "mean is [0]; the result has 3 channels"],
    ["meanStd", { mean, std: [1, 0, 1] }, "a std is 0"],
    ["meanStd", { mean, std: [1, Number.NaN, 1] }, "std is"],
    ["unit", { mean }, "go with"],
    ["255", {}, '"255" is no normalization'],
  ])("%s with %p is refused", (kind, options, text) => {
    using image = imageOf([[[1, 2, 3]]], "HWC", "uint8");
    expect(() => image.normalize(kind as "unit", options)).toThrow(failsWith("invalid_argument", text));
  });
});

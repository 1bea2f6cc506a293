import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DArray, DImage, Interpolation } from "../../../../src/cuda/darray/index.ts";
import { type ElementType, elementTypes } from "../../../../src/tensor/index.ts";
import { failsWith } from "../fails-with.ts";
import { imageOf, images, layouts, type Pixels, resized, sizes, valuesOf, wholeOf } from "./reference.ts";

const all = Object.values(elementTypes) as ElementType[];

function expectClose(values: readonly number[], pixels: Pixels, tolerance: number): void {
  const wanted = pixels.flat(2);
  expect(values).toHaveLength(wanted.length);
  const furthest = Math.max(0, ...values.map((value, i) => Math.abs(value - wanted[i]!)));
  expect(furthest).toBeLessThanOrEqual(tolerance);
}

describe("resize", () => {
  const channels = fc.integer({ min: 1, max: 4 }).chain(images);

  test("is what each interpolation is defined as, in any layout, from any memory", () => {
    const interpolations = fc.constantFrom(...Object.values(Interpolation));
    fc.assert(
      fc.property(
        channels,
        sizes,
        layouts,
        fc.boolean(),
        interpolations,
        (pixels, size, layout, spread, interpolation) => {
          using image = imageOf(pixels, layout, "float32", spread);
          using result = image.resize(size, { interpolation });
          expect(result).toMatchObject({ ...size, layout, channels: image.channels, dtype: "float32" });
          expectClose(valuesOf(result), resized(pixels, wholeOf(pixels), size, interpolation), 1e-3);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("of whole numbers gives the nearest whole number", () => {
    fc.assert(
      fc.property(channels, sizes, fc.constantFrom("uint8", "int16", "int32"), (pixels, size, dtype) => {
        using result = imageOf(pixels, "HWC", dtype as "uint8").resize(size);
        expectClose(valuesOf(result), resized(pixels, wholeOf(pixels), size, "bilinear"), 0.501);
      }),
    );
  });

  test.each(all)("to the nearest pixel keeps the bits of $name", ({ name, size, arrayType }) => {
    const bytes = Uint8Array.from({ length: 6 * size }, (_, i) => i * 37 + 200);
    const values = new arrayType(bytes.buffer, 0, 6);
    using image = new DImage({ array: values as never, dtype: name, shape: [2, 3], layout: "HW" });
    using result = image.resize({ width: 2, height: 4 }, { interpolation: "nearest" });
    const picked = [0, 0, 1, 1].flatMap((row) => [0, 1].map((column) => row * 3 + column));
    expect(result.bytes()).toEqual(
      Uint8Array.from(picked.flatMap((i) => Array.from(bytes.subarray(i * size, (i + 1) * size)))),
    );
  });

  test("to its own size is a copy", () => {
    using image = new DImage({ array: Int32Array.of(2 ** 31 - 1, 2 ** 24 + 1), shape: [1, 2], layout: "HW" });
    expect(image.resize({ width: 2, height: 1 }).toHost()).toEqual(Int32Array.of(2 ** 31 - 1, 2 ** 24 + 1));
  });

  test("of a batch resizes every image", () => {
    using batch = DImage.of(DArray.from(Uint8Array.of(1, 2, 30, 40), { shape: [2, 1, 2, 1] }), { layout: "NHWC" });
    using result = batch.resize({ width: 4, height: 1 }, { interpolation: "nearest" });
    expect(result.shape).toEqual([2, 1, 4, 1]);
    expect(result.toHost()).toEqual(Uint8Array.of(1, 1, 2, 2, 30, 30, 40, 40));
  });

  test.each([
    [0, 1],
    [1, -1],
    [1.5, 1],
    [Number.NaN, 1],
    [2 ** 30 + 1, 1],
  ])("refuses a size of %p x %p", (width, height) => {
    using image = imageOf([[[1]]], "HWC");
    expect(() => image.resize({ width, height })).toThrow(failsWith("invalid_argument"));
  });

  test.each([[undefined], [null], [[2, 2]], [{ width: 2 }]])("refuses %p for a size", (size) => {
    using image = imageOf([[[1]]], "HWC");
    expect(() => image.resize(size as never)).toThrow(failsWith("invalid_argument"));
    expect(() => image.letterbox(size as never)).toThrow(failsWith("invalid_argument"));
  });

  test("refuses an interpolation that there is not", () => {
    using image = imageOf([[[1]]], "HWC");
    const interpolation = "cubic" as "nearest";
    expect(() => image.resize({ width: 2, height: 2 }, { interpolation })).toThrow(
      failsWith("invalid_argument", '"cubic"'),
    );
  });
});

describe("letterbox", () => {
  test("keeps the ratio, rounds down, and says where the image lies", () => {
    fc.assert(
      fc.property(images(3), sizes, layouts, fc.integer({ min: 0, max: 255 }), (pixels, size, layout, padding) => {
        using source = imageOf(pixels, layout, "uint8");
        const { image, ratio, offset } = source.letterbox(size, { padding, interpolation: "nearest" });
        using result = image;
        const whole = wholeOf(pixels);
        expect(ratio).toBe(Math.min(size.width / whole.width, size.height / whole.height));
        const fits = size.width * whole.height <= size.height * whole.width;
        const inner = {
          width: fits ? size.width : Math.max(1, Math.floor((size.height * whole.width) / whole.height)),
          height: fits ? Math.max(1, Math.floor((size.width * whole.height) / whole.width)) : size.height,
        };
        expect(offset).toEqual({
          x: Math.floor((size.width - inner.width) / 2),
          y: Math.floor((size.height - inner.height) / 2),
        });
        const inside = resized(pixels, whole, inner, "nearest");
        const wanted = Array.from({ length: size.height }, (_, y) =>
          Array.from(
            { length: size.width },
            (_, x) => inside[y - offset.y]?.[x - offset.x] ?? [padding, padding, padding],
          ),
        );
        expect(valuesOf(result)).toEqual(wanted.flat(2));
      }),
    );
  });

  test("pads with 127 unless it is said otherwise", () => {
    using source = imageOf([[[9]]], "HWC", "uint8");
    expect(source.letterbox({ width: 3, height: 1 }).image.toHost()).toEqual(Uint8Array.of(127, 9, 127));
  });

  test("to its own size is a copy, also to dst", () => {
    using source = imageOf([[[1], [2]]], "HWC", "uint8");
    using dst = DArray.zeros([1, 2, 1], { dtype: "uint8" });
    const { image, ratio, offset } = source.letterbox({ width: 2, height: 1 }, { dst: dst as DArray });
    expect({ ratio, offset }).toEqual({ ratio: 1, offset: { x: 0, y: 0 } });
    expect(dst.toHost()).toEqual(Uint8Array.of(1, 2));
    expect(image as DArray).toBe(dst as DArray);
  });

  test("writes image and border where the strides of dst say", () => {
    using source = imageOf([[[5]]], "HWC", "uint8");
    using wide = DArray.zeros([2, 6, 1], { dtype: "uint8" });
    source.letterbox({ width: 3, height: 2 }, { dst: wide.slice("::-1", "::2") as never, padding: 7 });
    expect(wide.toHost()).toEqual(Uint8Array.of(5, 0, 5, 0, 7, 0, 5, 0, 5, 0, 7, 0));
  });

  test("refuses padding that is no number", () => {
    using source = imageOf([[[5]]], "HWC", "uint8");
    expect(() => source.letterbox({ width: 2, height: 2 }, { padding: Number.NaN })).toThrow(
      failsWith("invalid_argument"),
    );
  });
});

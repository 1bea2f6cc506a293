import { describe, expect, test } from "bun:test";
import { type ColorFormat, DArray, DImage, type ImageLayout } from "../../../../src/cuda/darray/index.ts";
import { failsWith } from "../fails-with.ts";

describe("an image", () => {
  test.each<[number[], ImageLayout, ColorFormat]>([
    [[4, 5], "HW", "gray"],
    [[4, 5, 3], "HWC", "rgb"],
    [[4, 5, 1], "HWC", "gray"],
    [[3, 4, 5], "CHW", "rgb"],
    [[1, 4, 5], "CHW", "gray"],
    [[2, 4, 5, 3], "NHWC", "rgb"],
    [[2, 3, 4, 5], "NCHW", "rgb"],
    [[3, 1, 4, 5], "NCHW", "gray"],
  ])("of shape %p can only be %s, %s", (shape, layout, color) => {
    using image = new DImage({ shape, dtype: "uint8" });
    const size = (axis: string) => (layout.includes(axis) ? shape[layout.indexOf(axis)] : 1);
    expect(image).toMatchObject({
      layout,
      color,
      width: size("W")!,
      height: size("H")!,
      channels: size("C")!,
      count: size("N")!,
    });
  });

  test.each([[[3, 4, 3]], [[1, 4, 1]], [[3, 4, 1]], [[2, 3, 4, 3]]])("of shape %p must say its layout", (shape) => {
    expect(() => new DImage({ shape })).toThrow(failsWith("invalid_argument", "may be"));
    const layout = shape.length === 3 ? "CHW" : "NCHW";
    expect(new DImage({ shape, layout }).channels).toBe(shape.at(-3)!);
  });

  test.each<[number[], ImageLayout | undefined, ColorFormat | undefined, string, string]>([
    [[4], undefined, undefined, "invalid_argument", "is that of no image"],
    [[4, 5, 6], undefined, undefined, "invalid_argument", "is that of no image"],
    [[2, 4, 5, 6], undefined, undefined, "invalid_argument", "is that of no image"],
    [[4, 5], "HWC", undefined, "wrong_shape", 'none of "HWC"'],
    [[4, 5, 6], "HWC", undefined, "wrong_shape", "1 to 4 channels"],
    [[4, 5, 0], "HWC", undefined, "wrong_shape", "1 to 4 channels"],
    [[4, 5, 3], "WHC" as "HWC", undefined, "invalid_argument", '"WHC" is no layout'],
    [[4, 5, 3], "HWC", "gray", "invalid_argument", '"gray" has 1 channels, the image 3'],
    [[4, 5, 3], "HWC", "hsv" as "rgb", "invalid_argument", '"hsv" is no colour format'],
  ])("of shape %p with layout %p and colour %p is refused", (shape, layout, color, code, text) => {
    expect(() => new DImage({ shape, layout, color })).toThrow(failsWith(code as "closed", text));
  });

  test("of an array is the array's memory, and keeps it", () => {
    const array = DArray.zeros([2, 2, 3], { dtype: "uint8" });
    using image = DImage.of(array, { color: "bgr" });
    array.slice(0, 0, 0).fill(9);
    array.close();
    expect([image.color, image.toHost()[0]]).toEqual(["bgr", 9]);
    expect(image.slice(":", ":", "::-1").toHost()[2]).toBe(9);
  });

  test("stays an image, of the same layout and colour, when it is copied or converted", () => {
    using image = new DImage({ shape: [2, 2, 3], color: "bgr" });
    for (const made of [image.copy(), image.astype("uint8"), image.astype("uint8", { dst: image.astype("uint8") })])
      expect(made).toMatchObject({ layout: "HWC", color: "bgr" });
  });
});

describe("layouts", () => {
  test.each<[ImageLayout, ImageLayout, number[], number[]]>([
    ["HWC", "CHW", [3, 1, 2], [1, 4, 2, 5, 3, 6]],
    ["HWC", "NHWC", [1, 1, 2, 3], [1, 2, 3, 4, 5, 6]],
    ["HWC", "NCHW", [1, 3, 1, 2], [1, 4, 2, 5, 3, 6]],
  ])("of %s to %s move every value", (from, to, shape, values) => {
    using image = new DImage({ array: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [1, 2, 3], layout: from });
    using moved = image.toLayout(to);
    expect(moved).toMatchObject({ layout: to, shape, contiguous: true, color: "rgb" });
    expect(moved.toHost()).toEqual(Float32Array.from(values));
    using back = moved.withLayout(from);
    expect(back.allocation).toBe(moved.allocation);
    expect(back.toHost()).toEqual(image.toHost());
  });

  test("without an axis drop it only if it has one element", () => {
    using gray = new DImage({ shape: [1, 1, 2, 3], layout: "NCHW" });
    expect(gray.toLayout("HW").shape).toEqual([2, 3]);
    using color = new DImage({ shape: [2, 3, 3], layout: "HWC" });
    expect(() => color.toLayout("HW")).toThrow(failsWith("invalid_argument", '"HW" has no axis for 3 channels'));
    using batch = new DImage({ shape: [2, 1, 4, 5], layout: "NCHW" });
    expect(() => batch.withLayout("CHW")).toThrow(failsWith("invalid_argument", "no axis for 2 images"));
    expect(() => batch.withLayout("CWH" as "CHW")).toThrow(failsWith("invalid_argument", "is no layout"));
  });

  test("can be written to dst", () => {
    using image = new DImage({ array: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [1, 2, 3], layout: "HWC" });
    using dst = DArray.zeros([3, 1, 2], { dtype: "uint8" });
    expect(image.toLayout("CHW", { dst })).toBe(dst);
    expect(dst.toHost()).toEqual(Uint8Array.of(1, 4, 2, 5, 3, 6));
    using other = new DImage({ shape: [3, 1, 2], layout: "HWC", color: undefined, dtype: "uint8" });
    expect(() => image.toLayout("CHW", { dst: other })).toThrow(failsWith("invalid_argument", "dst is HWC"));
  });
});

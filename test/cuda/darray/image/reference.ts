import fc from "fast-check";
import { DArray, DImage, type ImageLayout, type Interpolation } from "../../../../src/cuda/darray/index.ts";
import { convert, type DType, type TypedArray } from "../../../../src/tensor/index.ts";

/** An image as plain as can be: [row][column][channel]. */
export type Pixels = readonly (readonly (readonly number[])[])[];

export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the image, in another size: by the definition of both interpolations. */
export function resized(
  pixels: Pixels,
  part: Part,
  size: { width: number; height: number },
  interpolation: Interpolation,
): Pixels {
  const rows = along(part.y, part.height, size.height, interpolation);
  const columns = along(part.x, part.width, size.width, interpolation);
  return rows.map((row) =>
    columns.map((column) =>
      pixels[0]![0]!.map((_, channel) => {
        const line = (y: number) =>
          mix(pixels[y]![column.low]![channel]!, pixels[y]![column.high]![channel]!, column.share);
        return mix(line(row.low), line(row.high), row.share);
      }),
    ),
  );
}

function mix(a: number, b: number, share: number): number {
  return a * (1 - share) + b * share;
}

/** For each place of the result: the two places that it lies between, and how far it is from the first. */
function along(start: number, from: number, to: number, interpolation: Interpolation) {
  return Array.from({ length: to }, (_, i) => {
    if (interpolation === "nearest") {
      const at = start + Math.floor((i * from) / to);
      return { low: at, high: at, share: 0 };
    }
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return { low: start + low, high: start + Math.min(low + 1, from - 1), share: at - low };
  });
}

export function wholeOf(pixels: Pixels): Part {
  return { x: 0, y: 0, width: pixels[0]!.length, height: pixels.length };
}

/** Every channel of every pixel. */
export function mapped(pixels: Pixels, change: (value: number, channel: number) => number): Pixels {
  return pixels.map((row) => row.map((pixel) => pixel.map(change)));
}

/** Random images of this many channels, values 0 to 255. */
export function images(channels: number): fc.Arbitrary<Pixels> {
  return fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([height, width]) => {
    const pixel = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: channels, maxLength: channels });
    const row = fc.array(pixel, { minLength: width, maxLength: width });
    return fc.array(row, { minLength: height, maxLength: height });
  });
}

export const sizes = fc.record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) });

/** Ways to lay one image out in memory. */
export const layouts: fc.Arbitrary<ImageLayout> = fc.constantFrom("HWC", "CHW", "NHWC", "NCHW");

/** The image in a layout; `spread`: as every second column of a wider array, from the right. */
export function imageOf(pixels: Pixels, layout: ImageLayout, dtype: DType = "float32", spread = false): DImage {
  const { width, height } = wholeOf(pixels);
  const channels = pixels[0]![0]!.length;
  const columns = spread ? width * 2 : width;
  using whole = DArray.zeros([height, columns, channels], { dtype });
  const cut = spread ? whole.slice(":", "::-2") : whole.slice();
  cut.fromHost(convert(Float64Array.from(pixels.flat(2)), { to: dtype }) as never);
  using image = DImage.of(cut, { layout: "HWC" });
  return spread ? image.withLayout(layout) : image.toLayout(layout);
}

/** The values of images in any layout, one after the other, as doubles in order of row, column, channel. */
export function valuesOf(image: DImage): number[] {
  using ordered = image.toLayout("NHWC");
  return Array.from(convert(ordered.toHost() as TypedArray, { from: image.dtype, to: "float64" }));
}

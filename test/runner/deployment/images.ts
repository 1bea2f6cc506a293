/** What `preprocessModel` says that it does, pixel by pixel, in doubles. */
import type { PreprocessModelOptions } from "../../../src/popef/index.ts";

export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

const luma = { rgb: [0.299, 0.587, 0.114], bgr: [0.114, 0.587, 0.299] } as const;

/** Pixels that all differ: byte values in the order of NHWC. */
export function pixels(count: number, seed = 1): Uint8Array<ArrayBuffer> {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

/** One image's result as [row][column][channel]. `at`: a value of the image by row, column and channel. */
export function preprocessed(
  options: PreprocessModelOptions,
  at: (y: number, x: number, c: number) => number,
  box: Box = [0, 0, options.input.width, options.input.height],
): number[][][] {
  const { width, height } = options.size ?? options.input;
  const from = options.input.color ?? "rgb";
  const to = options.color ?? from;
  const inner = innerOf(options, box);
  const value = (y: number, x: number, c: number): number => {
    if (x < inner.left || x >= inner.left + inner.width || y < inner.top || y >= inner.top + inner.height) {
      return options.padding ?? 127;
    }
    const sample = (channel: number) =>
      options.interpolation === "nearest"
        ? nearest(at, box, inner, y - inner.top, x - inner.left, channel)
        : bilinear(at, box, inner, y - inner.top, x - inner.left, channel);
    if (to === "gray" && from !== "gray") {
      return luma[from].reduce((sum, weight, channel) => sum + weight * sample(channel), 0);
    }
    if (from === "gray") return sample(0);
    return sample(from === to ? c : 2 - c);
  };
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) =>
      Array.from({ length: to === "gray" ? 1 : 3 }, (_, c) => normalized(options, value(y, x, c), c)),
    ),
  );
}

function innerOf({ letterbox, size, input }: PreprocessModelOptions, [x1, y1, x2, y2]: Box) {
  const { width, height } = size ?? input;
  const [w, h] = [x2 - x1, y2 - y1];
  if (!letterbox) return { left: 0, top: 0, width, height };
  const byWidth = width * h <= height * w;
  const innerWidth = byWidth ? width : Math.max(1, Math.floor((height * w) / h));
  const innerHeight = byWidth ? Math.max(1, Math.floor((width * h) / w)) : height;
  const left = Math.floor((width - innerWidth) / 2);
  return { left, top: Math.floor((height - innerHeight) / 2), width: innerWidth, height: innerHeight };
}

type At = (y: number, x: number, c: number) => number;
type Inner = ReturnType<typeof innerOf>;

function nearest(at: At, [x1, y1, x2, y2]: Box, inner: Inner, y: number, x: number, c: number): number {
  return at(y1 + Math.floor((y * (y2 - y1)) / inner.height), x1 + Math.floor((x * (x2 - x1)) / inner.width), c);
}

function bilinear(at: At, [x1, y1, x2, y2]: Box, inner: Inner, y: number, x: number, c: number): number {
  const tap = (index: number, size: number, out: number) => {
    const place = Math.min(Math.max(((index + 0.5) * size) / out - 0.5, 0), size - 1);
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, size - 1), share: place - low };
  };
  const [v, h] = [tap(y, y2 - y1, inner.height), tap(x, x2 - x1, inner.width)];
  const row = (line: number) => {
    const [left, right] = [at(y1 + line, x1 + h.low, c), at(y1 + line, x1 + h.high, c)];
    return left + (right - left) * h.share;
  };
  return row(v.low) + (row(v.high) - row(v.low)) * v.share;
}

function normalized({ normalize, mean, std }: PreprocessModelOptions, value: number, c: number): number {
  if (normalize === "unit") return value / 255;
  if (normalize === "tf") return value / 127.5 - 1;
  if (normalize === "meanStd") return (value / 255 - mean![c]!) / std![c]!;
  return value;
}

/** `images`, each [row][column][channel], as flat values in a layout. */
export function laidOut(images: readonly number[][][][], layout: "NHWC" | "NCHW"): number[] {
  if (layout === "NHWC") return images.flat(3);
  return images.flatMap((image) => {
    const channels = image[0]![0]!.length;
    return Array.from({ length: channels }, (_, c) => image.flatMap((row) => row.map((pixel) => pixel[c]!))).flat();
  });
}

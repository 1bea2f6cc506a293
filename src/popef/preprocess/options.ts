import type { DType } from "../../tensor/index.ts";

/** The order of the axes of a batch of images: n images, h rows, w columns, c channels. */
export const BatchLayout = { NHWC: "NHWC", NCHW: "NCHW" } as const;
export type BatchLayout = (typeof BatchLayout)[keyof typeof BatchLayout];

/** In pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** Images as they come. */
export interface ImageInput extends PixelSize {
  /** The input's name; `"image"`. */
  readonly name?: string | undefined;
  /** `"rgb"`, `"bgr"` or `"gray"`; `"rgb"`. */
  readonly color?: "rgb" | "bgr" | "gray" | undefined;
  /** Default `"NHWC"`. */
  readonly layout?: BatchLayout | undefined;
  /** Default `"uint8"`. */
  readonly dtype?: DType | undefined;
}

/** What `preprocessModel` makes of images; the words are those of `DImage.preprocess` of `millrace/cuda`. */
export interface PreprocessModelOptions {
  readonly input: ImageInput;
  /** Of each result; the input's unless given. */
  readonly size?: PixelSize | undefined;
  /** Images of a batch; 1. */
  readonly batchSize?: number | undefined;
  /** `"nearest"`: the pixel at floor(i * in / out); `"bilinear"`: between four pixels, with centres at halves. Default `"bilinear"`. */
  readonly interpolation?: "nearest" | "bilinear" | undefined;
  /** Keep the ratio, with a border of `padding`; false. */
  readonly letterbox?: boolean | undefined;
  /** Value of the border, and of a box that does not lie in its image, before normalization; 127. */
  readonly padding?: number | undefined;
  /** A further input `"boxes"`, int32 [batch, 4]: x1, y1, x2, y2 of the part that each result shows, ends exclusive; false. */
  readonly boxes?: boolean | undefined;
  /** Channels of the results; the input's unless given. */
  readonly color?: "rgb" | "bgr" | "gray" | undefined;
  /** `"unit"`: x / 255; `"tf"`: x / 127.5 - 1; `"meanStd"`: (x / 255 - mean) / std by channel of the result. Default: none. */
  readonly normalize?: "unit" | "tf" | "meanStd" | undefined;
  /** For `"meanStd"`: a number for each channel of the result. */
  readonly mean?: readonly number[] | undefined;
  /** Likewise; no 0. */
  readonly std?: readonly number[] | undefined;
  /** Of the results; `"float32"`. */
  readonly dtype?: DType | undefined;
  /** Of the results; `"NCHW"`. */
  readonly layout?: BatchLayout | undefined;
  /** The output's name; `"images"`. */
  readonly output?: string | undefined;
  /** The executable's name; a hash of what it does unless given. */
  readonly name?: string | undefined;
}

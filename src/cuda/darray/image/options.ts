import type { DType } from "../../../tensor/index.ts";
import type { DArray } from "../darray.ts";
import type { DArrayOptions, DstOptions } from "../options.ts";
import type { Boxes } from "./boxes.ts";
import type { ColorFormat } from "./color.ts";
import type { ImageLayout } from "./layout.ts";
import type { NormalizeOptions } from "./normalization.ts";

/** How a value is found between pixels. */
export const Interpolation = {
  /** The pixel at floor(i * in / out). */
  nearest: "nearest",
  /** Between four pixels, whose centres lie at halves; beyond the border the border's value. */
  bilinear: "bilinear",
} as const;
export type Interpolation = (typeof Interpolation)[keyof typeof Interpolation];

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ImageForm {
  /** Which axes the array has. Without it, it must follow from the shape: 1 or 3 channels, at one end only. */
  readonly layout?: ImageLayout | undefined;
  /** Default: rgb for 3 channels, gray for 1; none for other numbers. */
  readonly color?: ColorFormat | undefined;
}

export type DImageOptions<D extends DType = DType> = DArrayOptions<D> & ImageForm;

/** Where no array is given to write to, one is made; where one is given, it is what comes back. */
export type NoDst = { readonly dst?: undefined };
export type Into<R> = { readonly dst: R };

/**
 * `dst` may be any array of the result's shape, element type and stream, a slot of a buffer for instance, and is what is returned. If it
 * is an image, its layout and colour must be the result's.
 */
export interface ResizeOptions<D extends DType = DType> extends DstOptions<DArray<D>> {
  /** Default `"bilinear"`. */
  readonly interpolation?: Interpolation | undefined;
}

export interface LetterboxOptions<D extends DType = DType> extends ResizeOptions<D> {
  /** Value of the border; default 127. */
  readonly padding?: number | undefined;
}

export interface CropOptions<D extends DType = DType> extends LetterboxOptions<D> {
  /** Keep each box's ratio, with a border, instead of stretching it. */
  readonly letterbox?: boolean | undefined;
  /** Which image of a batch each box lies in; without it there must be one image. */
  readonly images?: readonly number[] | undefined;
}

export interface NormalizeIntoOptions<D extends DType = DType> extends NormalizeOptions, DstOptions<DArray<D>> {
  /** Element type of the result; default `"float32"`. */
  readonly dtype?: D | undefined;
}

export interface PreprocessOptions<D extends DType = DType> extends CropOptions<D>, NormalizeOptions {
  /** Of each result; default: the image's, or with boxes there is none. */
  readonly size?: Size | undefined;
  /** Parts to cut out, each a result of its own; without them every image is one. */
  readonly boxes?: Boxes | undefined;
  /** Channels of the results; default: as they are. */
  readonly color?: ColorFormat | undefined;
  /** Element type of the results; default `"float32"`. */
  readonly dtype?: D | undefined;
  /** Default `"NCHW"`. */
  readonly layout?: ImageLayout | undefined;
}

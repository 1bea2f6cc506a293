import { checkInteger } from "../../../native/check.ts";
import { makeError } from "../../../native/error.ts";
import { type DType, elementType, type Shape } from "../../../tensor/index.ts";
import type { Part } from "../part.ts";
import type { Strided } from "../strided.ts";
import { boxCount, boxRows, int32Rows } from "./boxes.ts";
import { type ColorFormat, channelMap, channelsOf, checkColor } from "./color.ts";
import { type ImageLayout, imagesOf, shapeIn } from "./layout.ts";
import { scaleAndBias } from "./normalization.ts";
import { Interpolation, type PreprocessOptions, type Size } from "./options.ts";
import { sample } from "./sample.ts";

/** Images to work on. */
export interface Images extends Size {
  readonly part: Part;
  readonly layout: ImageLayout;
  readonly color: ColorFormat | undefined;
  readonly channels: number;
  readonly count: number;
}

/** What comes out of a pass: what is asked of it, checked, and how to write it. */
export interface Pass<D extends DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly layout: ImageLayout;
  readonly color: ColorFormat | undefined;
  write(out: Part): void;
}

type Request<D extends DType> = Omit<PreprocessOptions<D>, "dst"> & { readonly layout: ImageLayout; readonly dtype: D };

/** @throws ArgumentError `invalid_argument`, `invalid_dtype`, `wrong_dtype`, `wrong_shape`, `out_of_bounds` */
export function passOver<D extends DType>(source: Images, request: Request<D>, op: string): Pass<D> {
  const { color = source.color, boxes, images } = request;
  checkColorOf(request, op);
  const channels = request.color === undefined ? source.channels : channelsOf(request.color);
  const count = boxes === undefined ? (images?.length ?? source.count) : boxCount(boxes, op);
  const { width, height } = sizeOf(source, request, op);
  const settings = {
    channels: channelMap(source.channels, source.color, request.color, op),
    scaling: scaleAndBias(request, channels, op),
    bilinear: isBilinear(request, op) && (boxes !== undefined || width !== source.width || height !== source.height),
    letterbox: request.letterbox === true,
    padding: paddingOf(request, op),
  };
  const numbers = images === undefined ? undefined : imageNumbers(images, count, source.count, op);
  if (boxes !== undefined && numbers === undefined && source.count > 1) {
    throw makeError("invalid_argument", {
      op,
      message: `which of ${source.count} images each box lies in is not said.`,
      hint: "Pass images: one number for each box.",
    });
  }
  const { part } = source;
  return {
    dtype: elementType(request.dtype, op).name as D,
    shape: shapeIn(request.layout, [count, height, width, channels], op),
    layout: request.layout,
    color,
    write(out) {
      const rows = boxes && boxRows(boxes, source, part.stream, op);
      const chosen = numbers && int32Rows(numbers, [count], part.stream, op);
      try {
        const operands = {
          out: { ...out, view: imagesOf(out.view, request.layout) },
          source: {
            ...part,
            view: repeated(imagesOf(part.view, source.layout), boxes && !numbers ? count : undefined),
          },
        };
        sample({ ...operands, ...settings, boxes: rows, images: chosen }, op);
      } finally {
        rows?.storage.release();
        chosen?.storage.release();
      }
    },
  };
}

/** Of the kernel, which multiplies two of them. */
const sideMax = 2 ** 30;

/** One image as `count` of them, for as many boxes. */
function repeated(view: Strided, count: number | undefined): Strided {
  if (count === undefined) return view;
  return { ...view, shape: view.shape.with(0, count), strides: view.strides.with(0, 0) };
}

function sizeOf(source: Images, { size, boxes }: { size?: Size | undefined; boxes?: unknown }, op: string): Size {
  if (size === undefined) {
    if (boxes !== undefined)
      throw makeError("invalid_argument", { op, message: "boxes need the size of the results." });
    return source;
  }
  const { width, height } = size;
  return {
    width: checkInteger(width, "width", op, 1, sideMax),
    height: checkInteger(height, "height", op, 1, sideMax),
  };
}

function checkColorOf({ color }: { color?: ColorFormat | undefined }, op: string): void {
  if (color !== undefined) checkColor(color, op);
}

function isBilinear(
  { interpolation = "bilinear" }: { interpolation?: Interpolation | undefined },
  op: string,
): boolean {
  if (Object.hasOwn(Interpolation, interpolation)) return interpolation === "bilinear";
  throw makeError("invalid_argument", {
    op,
    message: `${JSON.stringify(interpolation)} is no interpolation.`,
    hint: `Use one of ${Object.keys(Interpolation).join(", ")}.`,
  });
}

function paddingOf({ padding = 127 }: { padding?: number | undefined }, op: string): number {
  if (Number.isFinite(padding)) return padding;
  throw makeError("invalid_argument", { op, message: `padding is ${padding}.` });
}

function imageNumbers(images: readonly number[], count: number, available: number, op: string): Int32Array {
  if (images.length !== count)
    throw makeError("wrong_shape", { op, message: `${images.length} image numbers for ${count} results.` });
  for (const number of images) checkInteger(number, "the number of an image", op, 0, available - 1);
  return Int32Array.from(images);
}

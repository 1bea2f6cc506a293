import { checkInteger } from "../../../native/check.ts";
import { makeError } from "../../../native/error.ts";
import { type DType, elementType, type Shape } from "../../../tensor/index.ts";
import { describeValue } from "../../../tensor/typed-array.ts";
import type { Part } from "../part.ts";
import type { Strided } from "../strided.ts";
import { boxCount, boxRows, int32Rows } from "./boxes.ts";
import { type ColorFormat, channelMap, channelsOf, checkColor } from "./color.ts";
import { type ImageLayout, imagesOf, shapeIn } from "./layout.ts";
import { checkMember } from "./member.ts";
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

/** What is asked for, with the defaults of the operation filled in. */
export type Request<D extends DType> = Omit<PreprocessOptions<D>, "dst"> & {
  readonly layout: ImageLayout;
  readonly dtype: D;
};

/** @throws ArgumentError `invalid_argument`, `invalid_dtype`, `wrong_dtype`, `wrong_shape`, `out_of_bounds` */
export function passOver<D extends DType>(source: Images, request: Request<D>, op: string): Pass<D> {
  const { color = source.color, boxes, images } = request;
  const channels = request.color === undefined ? source.channels : channelsOf(checkColor(request.color, op));
  const numbers = images === undefined ? undefined : imageNumbers(images, source.count, op);
  const count = boxes === undefined ? (numbers?.length ?? source.count) : boxCount(boxes, op);
  const { width, height } = sizeOf(source, request, op);
  const settings = {
    channels: channelMap(source.channels, source.color, request.color, op),
    scaling: scaleAndBias(request, channels, op),
    bilinear: isBilinear(request, op) && (boxes !== undefined || width !== source.width || height !== source.height),
    letterbox: request.letterbox === true,
    padding: paddingOf(request, op),
  };
  if (numbers !== undefined && numbers.length !== count)
    throw makeError("wrong_shape", { op, message: `${numbers.length} image numbers for ${count} boxes.` });
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
      using operands = new DisposableStack();
      const own = (rows: Part): Part => {
        operands.defer(() => rows.storage.release());
        return rows;
      };
      const view = repeated(imagesOf(part.view, source.layout), boxes && !numbers ? count : undefined);
      sample(
        {
          out: { ...out, view: imagesOf(out.view, request.layout) },
          source: { ...part, view },
          boxes: boxes && own(boxRows(boxes, source, part.stream, op)),
          images: numbers && own(int32Rows(numbers, [count], part.stream, op)),
          ...settings,
        },
        op,
      );
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
  return checkSize(size, op);
}

/** @throws ArgumentError `invalid_argument`: no positive integers */
export function checkSize(size: Size, op: string): Size {
  const { width, height } = size ?? {};
  return {
    width: checkInteger(width, "width", op, 1, sideMax),
    height: checkInteger(height, "height", op, 1, sideMax),
  };
}

function isBilinear({ interpolation = "bilinear" }: Pick<PreprocessOptions, "interpolation">, op: string): boolean {
  return checkMember(Interpolation, interpolation, "interpolation", op) === "bilinear";
}

function paddingOf({ padding = 127 }: Pick<PreprocessOptions, "padding">, op: string): number {
  if (Number.isFinite(padding)) return padding;
  throw makeError("invalid_argument", { op, message: `padding is ${describeValue(padding)}, not a number.` });
}

function imageNumbers(images: readonly number[], available: number, op: string): Int32Array {
  if (!Array.isArray(images))
    throw makeError("invalid_argument", { op, message: `images are ${describeValue(images)}, not an array.` });
  for (const number of images) checkInteger(number, "the number of an image", op, 0, available - 1);
  return Int32Array.from(images);
}

import { makeError } from "../../../native/error.ts";
import { Shape } from "../../../tensor/index.ts";
import type { Strided } from "../strided.ts";
import { checkMember } from "./member.ts";

/** The order of an image's axes: n images, h rows, w columns, c channels. */
export const ImageLayout = {
  HW: "HW",
  HWC: "HWC",
  CHW: "CHW",
  NHW: "NHW",
  NHWC: "NHWC",
  NCHW: "NCHW",
} as const;
export type ImageLayout = (typeof ImageLayout)[keyof typeof ImageLayout];

/** What kernels see: images, rows, columns, channels, in this order. */
const canonical = ["N", "H", "W", "C"];

export const channelsMax = 4;

/** The view with all four axes; those that the layout lacks have one element. */
export function imagesOf(view: Strided, layout: ImageLayout): Strided {
  const axes = canonical.map((name) => layout.indexOf(name));
  return {
    shape: axes.map((axis) => (axis < 0 ? 1 : view.shape[axis]!)),
    strides: axes.map((axis) => (axis < 0 ? 0 : view.strides[axis]!)),
    offset: view.offset,
  };
}

/** The shape of images in a layout. `sizes`: images, rows, columns, channels. */
export function shapeIn(layout: ImageLayout, sizes: readonly number[], op: string): Shape {
  canonical.forEach((name, i) => {
    if (layout.includes(name) || sizes[i] === 1) return;
    const what = name === "N" ? `${sizes[i]} images` : `${sizes[i]} channels`;
    throw makeError("invalid_argument", { op, message: `layout "${layout}" has no axis for ${what}.` });
  });
  return Object.freeze([...layout].map((name) => sizes[canonical.indexOf(name)]!));
}

/** The view of images with four axes, as the axes of a layout. */
export function viewIn(layout: ImageLayout, images: Strided, op: string): Strided {
  const strides = [...layout].map((name) => images.strides[canonical.indexOf(name)]!);
  return { shape: shapeIn(layout, images.shape, op), strides, offset: images.offset };
}

/** The layout with an axis for channels, the last. */
export function colored(layout: ImageLayout): ImageLayout {
  return (layout.includes("C") ? layout : `${layout}C`) as ImageLayout;
}

/** The layout with an axis for images. */
export function batched(layout: ImageLayout): ImageLayout {
  return (layout.startsWith("N") ? layout : `N${layout}`) as ImageLayout;
}

/**
 * Checks a layout against a shape, or finds the only one that it allows: channels are 1 or 3 unless a layout says more.
 *
 * @throws ArgumentError `invalid_argument`: no layout, or one that the shape does not have; `wrong_shape`
 */
export function layoutFor(shape: Shape, layout: ImageLayout | undefined, op: string): ImageLayout {
  if (layout === undefined) return guessed(shape, op);
  checkLayout(layout, op);
  const channels = layout.includes("C") ? shape[layout.indexOf("C")]! : 1;
  if (shape.length === layout.length && channels >= 1 && channels <= channelsMax) return layout;
  throw makeError("wrong_shape", {
    op,
    message: `shape ${Shape.format(shape)} is none of "${layout}" with 1 to ${channelsMax} channels.`,
  });
}

export function checkLayout(layout: ImageLayout, op: string): ImageLayout {
  return checkMember(ImageLayout, layout, "layout", op);
}

function guessed(shape: Shape, op: string): ImageLayout {
  const candidates = (Object.keys(ImageLayout) as ImageLayout[]).filter((layout) => {
    if (layout.length !== shape.length) return false;
    const channels = layout.includes("C") ? shape[layout.indexOf("C")] : undefined;
    // A stack of gray images looks like one image with a channel axis: it is never guessed.
    return channels === undefined ? layout === "HW" : channels === 1 || channels === 3;
  });
  if (candidates.length === 1) return candidates[0]!;
  const reason = candidates.length === 0 ? "is that of no image" : `may be ${candidates.join(" or ")}`;
  throw makeError("invalid_argument", {
    op,
    message: `shape ${Shape.format(shape)} ${reason}.`,
    hint: 'Say which axes it has: layout: "HWC".',
  });
}

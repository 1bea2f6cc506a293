import type { Size } from "./options.ts";

/** Where an image lies in its letterbox: a pixel (x, y) of the image at (x * ratio + offset.x, y * ratio + offset.y). */
export interface Letterbox {
  /** Result over source; the smaller of both axes. */
  readonly ratio: number;
  /** Pixels of border at the left and above. */
  readonly offset: { readonly x: number; readonly y: number };
}

/** As the kernel does it, in whole numbers: inner sizes rounded down, one pixel at least, and the first half of the border too. */
export function letterboxOf(from: Size, to: Size): Letterbox {
  const byWidth = to.width * from.height;
  const byHeight = to.height * from.width;
  const fitsWidth = byWidth <= byHeight;
  const width = fitsWidth ? to.width : Math.max(1, Math.floor(byHeight / from.height));
  const height = fitsWidth ? Math.max(1, Math.floor(byWidth / from.width)) : to.height;
  return {
    ratio: Math.min(to.width / from.width, to.height / from.height),
    offset: { x: Math.floor((to.width - width) / 2), y: Math.floor((to.height - height) / 2) },
  };
}

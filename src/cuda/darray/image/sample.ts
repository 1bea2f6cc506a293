import { fresh } from "../elementwise.ts";
import { runKernel } from "../kernel.ts";
import { isSameView, overlaps } from "../overlap.ts";
import { countOf, type Part } from "../part.ts";
import type { ChannelMap } from "./color.ts";
import type { ScaleAndBias } from "./normalization.ts";

/** One pass from images to images. Both views have four axes: images, rows, columns, channels. */
export interface Sampling {
  readonly out: Part;
  readonly source: Part;
  /** Int32 [images of `out`, 4]: the part of the source of each; without them the whole. */
  readonly boxes: Part | undefined;
  /** Int32 [images of `out`]: the source image of each; without them the one of the same number. */
  readonly images: Part | undefined;
  readonly bilinear: boolean;
  readonly letterbox: boolean;
  /** Before normalization. */
  readonly padding: number;
  readonly channels: ChannelMap;
  readonly scaling: ScaleAndBias;
}

export function sample(sampling: Sampling, op: string): void {
  const { out, source } = sampling;
  if (countOf(out) === 0) return;
  if (!overlaps(out, source, op) || (isSameView(out, source) && isPixelwise(sampling))) return launch(sampling, op);
  const copy = fresh(source, op);
  try {
    runKernel("copy", [copy, source], [], op);
    launch({ ...sampling, source: copy }, op);
  } finally {
    copy.storage.release();
  }
}

/** Whether each pixel comes from the pixel at its own place, which is read before it is written. */
function isPixelwise({ out, source, boxes, images }: Sampling): boolean {
  const [n, height, width] = out.view.shape;
  return (
    !boxes && !images && n === source.view.shape[0] && height === source.view.shape[1] && width === source.view.shape[2]
  );
}

function launch({ out, source, boxes, images, channels, scaling, ...how }: Sampling, op: string): void {
  const operands = [out, source, boxes, images].filter((operand) => operand !== undefined);
  const four = (values: readonly number[]) => [...values, 0, 0, 0].slice(0, 4);
  const scalars = [
    how.bilinear ? 1 : 0,
    how.letterbox ? 1 : 0,
    how.padding,
    ...four(channels.map),
    ...channels.weights,
    ...four(scaling.scale),
    ...four(scaling.bias),
  ];
  runKernel("sample", operands, scalars, op);
}

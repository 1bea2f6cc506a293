import { makeError } from "../../../native/error.ts";
import { Shape } from "../../../tensor/index.ts";
import type { Stream } from "../../stream.ts";
import { checkStream } from "../destination.ts";
import { fresh } from "../elementwise.ts";
import { type HasPart, hasPart, type Part, partOf } from "../part.ts";
import { denseView } from "../strided.ts";
import { download, upload } from "../transfer.ts";

/** Rows of x1, y1, x2, y2 in pixels, the last two exclusive: an array of rows, flat int32 values, or an int32 array [n, 4]. */
export type Boxes =
  | readonly (readonly [x1: number, y1: number, x2: number, y2: number])[]
  | Int32Array
  | HasPart<"int32">;

interface Bounds {
  readonly width: number;
  readonly height: number;
}

/** How many boxes there are. */
export function boxCount(boxes: Boxes, op: string): number {
  if (hasPart(boxes)) {
    const part = partOf(boxes, "boxes", op);
    requireRows(part, op);
    return part.view.shape[0]!;
  }
  const count = boxes instanceof Int32Array ? boxes.length / 4 : Array.isArray(boxes) ? boxes.length : undefined;
  if (count === undefined) throw makeError("invalid_argument", { op, message: "boxes are no rows of numbers." });
  if (Number.isInteger(count)) return count;
  throw makeError("wrong_shape", { op, message: `${boxes.length} numbers are no rows of 4.` });
}

/** Int32 rows where the kernel can read them. The caller releases the storage. */
export function boxRows(boxes: Boxes, bounds: Bounds, stream: Stream | undefined, op: string): Part {
  if (hasPart(boxes)) {
    const part = partOf(boxes, "boxes", op);
    checkStream(part, stream, "boxes", op);
    // What lies on a device is not looked at: that would mean to wait for it. The kernel makes padding of a wrong box.
    if (part.stream === undefined) checkBoxes(download(part as Part<"int32">, undefined, op), bounds, op);
    return { ...part, storage: part.storage.retain() };
  }
  const values = boxes instanceof Int32Array ? boxes : flat(boxes, op);
  checkBoxes(values, bounds, op);
  return int32Rows(values, [values.length / 4, 4], stream, op);
}

/** Numbers for the kernel, in memory of their own. The caller releases the storage. */
export function int32Rows(values: Int32Array, shape: Shape, stream: Stream | undefined, op: string): Part {
  const part = fresh({ dtype: "int32", view: denseView(shape), stream }, op);
  upload(part, values, op);
  return part;
}

function requireRows({ dtype, view }: Part, op: string): void {
  if (dtype !== "int32") throw makeError("wrong_dtype", { op, message: `boxes are int32, not ${dtype}.` });
  if (view.shape.length === 2 && view.shape[1] === 4) return;
  throw makeError("wrong_shape", { op, message: `boxes have shape [n,4], not ${Shape.format(view.shape)}.` });
}

function flat(boxes: readonly (readonly number[])[], op: string): Int32Array {
  const values = new Int32Array(boxes.length * 4);
  boxes.forEach((box, row) => {
    const usable =
      Array.isArray(box) &&
      box.length === 4 &&
      box.every((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31);
    if (!usable)
      throw makeError("invalid_argument", { op, message: `box ${row} is [${String(box)}], not four integers.` });
    values.set(box, row * 4);
  });
  return values;
}

/** @throws ArgumentError `out_of_bounds` */
function checkBoxes(values: Int32Array, { width, height }: Bounds, op: string): void {
  for (let row = 0; row < values.length / 4; row++) {
    const [x1, y1, x2, y2] = values.subarray(row * 4, row * 4 + 4) as unknown as [number, number, number, number];
    if (x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2 && x2 <= width && y2 <= height) continue;
    const empty = x1 >= x2 || y1 >= y2;
    throw makeError("out_of_bounds", {
      op,
      message: `box ${row} [${x1},${y1},${x2},${y2}] ${empty ? "has no pixels" : `reaches beyond the image of ${width} x ${height}`}.`,
    });
  }
}

import { makeError } from "../../native/error.ts";
import { type DType, Shape } from "../../tensor/index.ts";
import type { Stream } from "../stream.ts";
import type { Part } from "./part.ts";

/**
 * Checks what an operation is to write to.
 *
 * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_device`; StateError `access_denied` for a tensor that is for
 * reading; ArgumentError `invalid_argument` when an element stands at several places
 */
export function checkOut(
  out: Part,
  like: { dtype: DType; shape: Shape; stream: Stream | undefined },
  op: string,
): void {
  if (out.dtype !== like.dtype)
    throw makeError("wrong_dtype", { op, message: `dst is ${out.dtype}, the result ${like.dtype}.` });
  if (!Shape.equals(out.view.shape, like.shape)) {
    throw makeError("wrong_shape", {
      op,
      message: `dst has shape ${Shape.format(out.view.shape)}, the result ${Shape.format(like.shape)}.`,
    });
  }
  checkStream(out, like.stream, "dst", op);
  checkWritable(out, op);
}

export function checkWritable(out: Part, op: string): void {
  if (out.storage.readOnly) throw makeError("access_denied", { op, message: "the array shows a tensor for reading." });
  const repeated = out.view.strides.findIndex((step, axis) => step === 0 && out.view.shape[axis]! > 1);
  if (repeated < 0) return;
  throw makeError("invalid_argument", {
    op,
    message: `all ${out.view.shape[repeated]} elements along axis ${repeated} are one, which cannot be written.`,
    hint: "Write to a copy().",
  });
}

/** Work on one stream knows nothing of another's; and host memory needs none. */
export function checkStream(part: Part, stream: Stream | undefined, what: string, op: string): void {
  if (part.stream === stream) return;
  const place = (of: Stream | undefined) => (of === undefined ? "on the host" : "on a stream");
  const places =
    part.stream !== undefined && stream !== undefined
      ? "on two streams"
      : `${place(stream)}, ${what} ${place(part.stream)}`;
  throw makeError("wrong_device", { op, message: `the array is ${places}.` });
}

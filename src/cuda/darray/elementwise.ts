import { Shape } from "../../tensor/index.ts";
import { type KernelName, runKernel } from "./kernel.ts";
import { clash } from "./overlap.ts";
import { countOf, type Part } from "./part.ts";
import { Storage } from "./storage.ts";
import { denseView } from "./strided.ts";

/**
 * Runs an element-by-element kernel: `out` and all inputs have the same shape. An input that shares elements with `out`
 * other than each with its own is copied first.
 */
export function elementwise(
  name: KernelName,
  out: Part,
  inputs: readonly Part[],
  scalars: readonly number[],
  op: string,
): void {
  if (countOf(out) === 0) return;
  const copies: Part[] = [];
  try {
    const apart = inputs.map((input) => {
      if (!clash(out, input, op)) return input;
      const copy = fresh(input, op);
      copies.push(copy);
      runKernel("copy", [copy, input], [], op);
      return copy;
    });
    runKernel(name, [out, ...apart], scalars, op);
  } finally {
    for (const { storage } of copies) storage.release();
  }
}

/** A dense part like `part`, in memory of its own that is not written yet. The caller releases its storage. */
export function fresh<D extends Part["dtype"]>(part: Pick<Part<D>, "dtype" | "view" | "stream">, op: string): Part<D> {
  const { dtype, stream } = part;
  const view = denseView(part.view.shape);
  const storage = Storage.own(Shape.byteSize(dtype, view.shape, op), stream, op).retain();
  return { storage, dtype, stream, view };
}

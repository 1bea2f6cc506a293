import type { FastIOAllocation } from "../../src/fastio/index.ts";

/** What fills a tensor that says nothing else of itself: without attributes it can be replaced in place. */
export function fillFor(size: number): number {
  return (size * 7) % 251;
}

/** Do size, shape, attributes and bytes belong to one tensor? */
export function isWhole(got: FastIOAllocation): boolean {
  const fill = got.attributes["fill"] ?? fillFor(got.sizeInBytes);
  return got.shape.length === 1 && got.shape[0] === got.sizeInBytes && got.getBytes().every((byte) => byte === fill);
}

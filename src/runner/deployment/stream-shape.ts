import { makeError } from "../../native/error.ts";
import type { Anchor } from "../../popef/index.ts";

/**
 * What a request for all of the executable's replicas has: each takes its part of the rows, which are counted along `axis`.
 *
 * @throws ArgumentError `wrong_batching`: there is no such axis to share between replicas.
 */
export function streamShape(anchor: Anchor, replicas: number, axis: number): readonly number[] {
  const { shape } = anchor.tensorInfo;
  const one = anchor.isPerReplica ? shape.slice(1) : shape;
  if (replicas === 1) return one;
  const rows = one[axis];
  if (rows !== undefined) return one.with(axis, rows * replicas);
  throw makeError("wrong_batching", {
    op: "ModelRunner.load",
    message: `"${anchor.name}" has no axis ${axis} that ${replicas} replicas could share.`,
  });
}

/** Models: one caller and many, beside onnxruntime-node and the bare C API; what the event loop and an idle process notice. */

import type { Row } from "../row.ts";
import { loopRows } from "../runner/loop-rows.ts";
import { manyRows } from "../runner/many-rows.ts";
import { memoryRows } from "../runner/memory-rows.ts";
import { oneRows } from "../runner/one-rows.ts";
import { firstResultRows } from "../start/first-result.ts";
import type { Context } from "../suite.ts";

export async function run(context: Context): Promise<Row[]> {
  return [
    ...(await oneRows(context)),
    ...(await manyRows(context)),
    ...(await loopRows(context)),
    ...(await memoryRows(context)),
    ...(await firstResultRows(context)),
  ];
}

/** Models: until the first result, beside onnxruntime-node. */
import type { Row } from "../row.ts";
import { firstResultRows } from "../start/first-result.ts";
import type { Context } from "../suite.ts";

export async function run(context: Context): Promise<Row[]> {
  return firstResultRows(context);
}

/** PopEF files: how long a model takes to open. */
import { openRows } from "../popef/open.ts";
import type { Row } from "../row.ts";
import type { Context } from "../suite.ts";

export async function run(context: Context): Promise<Row[]> {
  return openRows(context);
}

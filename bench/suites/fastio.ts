/** FastIO between processes, beside what the machine and the usual ways give in the same run. */
import { coldRows, warmRows } from "../fastio/calls.ts";
import { creationRows } from "../fastio/creation.ts";
import { endToEndRows } from "../fastio/end-to-end.ts";
import { startFastioPartner } from "../fastio/exchange.ts";
import { handoffRows } from "../fastio/handoff.ts";
import { transportRows } from "../fastio/transport.ts";
import type { Row } from "../row.ts";
import { importRows } from "../start/import.ts";
import type { Context } from "../suite.ts";

export async function run(context: Context): Promise<Row[]> {
  await using partner = await startFastioPartner(context);
  return [
    ...(await transportRows(context, partner)),
    ...(await endToEndRows(context, partner)),
    ...(await warmRows(context, partner)),
    ...(await coldRows(context, partner)),
    ...(await handoffRows(context, partner)),
    ...(await creationRows(context)),
    ...(await importRows(context)),
  ];
}

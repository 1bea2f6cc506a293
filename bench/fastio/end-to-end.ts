import type { Partner } from "../partner.ts";
import { measureWriteAndRead } from "../peers/memory.ts";
import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { measureMessages, measureSockets } from "../suites/transports.ts";
import { measureExchange } from "./exchange.ts";
import { MiB, samplesFor } from "./sizes.ts";

/** Written whole by one process and read whole by the other, beside the usual ways and memory alone. */
export async function endToEndRows(context: Context, partner: Partner): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of [MiB, 64 * MiB]) {
    const n = context.samples(samplesFor(bytes, 5_000), 5);
    // The floor is measured between the exchanges, so that all of them see the same machine.
    const floor = await measureWriteAndRead(context, bytes, n);
    const sockets = (await measureSockets(context)).get(bytes)!;
    const messages = (await measureMessages(context)).get(bytes)!;
    for (const view of ["getArray", "map"] as const) {
      context.log(`end to end, ${view}, ${size(bytes)}`);
      const statistics = await measureExchange(partner, { bytes, mode: "reused", view, n, whole: true });
      const add = (peer: string, value: number, atLeast?: number): void =>
        void rows.push(
          makeRow({
            name: `written and read whole, ${view}: ${size(bytes)}`,
            statistics,
            peer: { name: peer, value },
            target: atLeast === undefined ? undefined : { of: "ratio", atLeast },
            note: "from the first write until the other side's answer is seen; reused segments, both sides poll; float64 filled and summed",
          }),
        );
      // "Within 1.1 of" is a ratio of at least 1 / 1.1.
      add("write and read in one process", floor.p50, bytes === MiB ? 1 / 2 : 1 / 1.1);
      add("Unix socket", sockets.endToEnd.p50);
      add("postMessage clone", messages.cloneEndToEnd.p50);
      add("postMessage transfer", messages.transferEndToEnd.p50);
    }
  }
  return rows;
}

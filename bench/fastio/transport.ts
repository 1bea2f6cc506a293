import type { Partner } from "../partner.ts";
import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { measureSockets } from "../suites/transports.ts";
import type { Mode, ViewKind } from "./channel.ts";
import { measureExchange } from "./exchange.ts";
import { fitting, GiB, KiB, MiB, samplesFor } from "./sizes.ts";

const sizes = [64, 4 * KiB, 64 * KiB, MiB, 16 * MiB, 64 * MiB, GiB] as const;

/** `publish` to a usable view in the other process with one element read, by size; and how flat that is. */
export async function transportRows(context: Context, partner: Partner): Promise<Row[]> {
  const sockets = await measureSockets(context);
  const carried = (bytes: number) => {
    const statistics = sockets.get(bytes)?.carry;
    return statistics && { name: "Unix socket, sent until all has arrived", value: statistics.p50 };
  };
  const rows: Row[] = [];
  for (const [mode, view] of [
    ["reused", "getArray"],
    ["reused", "map"],
    ["fresh", "getArray"],
  ] as const) {
    // Two messages a side are alive at once.
    const { fit, left } = fitting(sizes, 4);
    const figures: Statistics[] = [];
    for (const bytes of fit) {
      context.log(`transport, ${mode}, ${view}, ${size(bytes)}`);
      const n = context.samples(mode === "reused" ? 10_000 : samplesFor(bytes, 2_000), bytes >= GiB ? 3 : 10);
      const statistics = await measureExchange(partner, { bytes, mode, view, n, whole: false });
      figures.push(statistics);
      rows.push(
        makeRow({
          name: `transport, ${mode} segments, ${view}: ${size(bytes)}`,
          statistics,
          peer: carried(bytes),
          target: bytes === 64 * MiB && mode === "reused" ? { of: "ratio", atLeast: 1000 } : undefined,
          note: describeTransport(mode, view),
        }),
      );
    }
    const times = figures.map((s) => s.p50);
    rows.push(
      makeRow({
        name: `transport, ${mode} segments, ${view}: largest over smallest`,
        unit: "x",
        value: Math.max(...times) / Math.min(...times),
        n: times.length,
        target: { of: "value", atMost: 1.5 },
        note: `slowest over fastest p50 of the sizes above, ${size(fit[0]!)} to ${size(fit.at(-1)!)}${left.length > 0 ? `; too little free memory for ${left.map(size).join(", ")}` : ""}`,
      }),
    );
  }
  return rows;
}

function describeTransport(mode: Mode, view: ViewKind): string {
  const memory =
    mode === "reused"
      ? "two allocations in turn, mapped before, one name replaced"
      : "a new allocation and name each time, made and written beforehand";
  return `half a round trip, both sides poll; ${memory}; from publish to a ${view} view of which one element is read; writing the rest is not counted`;
}

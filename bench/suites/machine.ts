/** What this machine gives without Millrace: the floor under every other row. */
import { runProgram } from "../native/program.ts";
import { describePlacement, placements } from "../placement.ts";
import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";

const KiB = 1024;
const MiB = KiB * KiB;

export async function run(context: Context): Promise<Row[]> {
  return [...(await pingPong(context)), ...(await kernel(context)), ...(await copies(context))];
}

async function pingPong(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const placement of placements()) {
    for (const bytes of [0, 64]) {
      context.log(`two-word ping-pong, ${bytes} B, ${describePlacement(placement)}`);
      const statistics = await runProgram(
        { ...context, placement },
        { name: "pingpong" },
        { ...pings(context), bytes },
      );
      rows.push(
        makeRow({
          name: `ping-pong of ${bytes === 0 ? "two words" : `${size(bytes)} and a word`}, ${placement.relation}`,
          statistics,
          note: `one way, half a round trip; two native processes poll a shared mapping; ${describePlacement(placement)}; ${bytes === 0 ? "no payload" : "payload written and read"}; the clock's own cost is included`,
        }),
      );
    }
  }
  return rows;
}

function pings(context: Context): { iterations: number; warmup: number } {
  return { iterations: context.samples(1_000_000), warmup: context.samples(100_000) };
}

async function kernel(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of [4 * KiB, MiB, 64 * MiB]) {
    const open = await runProgram(
      context,
      { name: "mapping" },
      { mode: "open", bytes, iterations: context.samples(5_000), warmup: 100 },
    );
    const touch = await runProgram(
      context,
      { name: "mapping" },
      { mode: "touch", bytes, iterations: context.samples(bytes > MiB ? 10 : 200), warmup: 1 },
    );
    rows.push(
      makeRow({
        name: `open, map, read a byte, unmap, close: ${size(bytes)}`,
        statistics: open,
        note: "native, a file in /dev/shm whose pages are there; no name table, no reference count",
      }),
      makeRow({
        name: `first touch of every page: ${size(bytes)}`,
        statistics: touch,
        note: "native, fresh shared memory; one byte written per 4 KiB; mapping and unmapping not counted",
      }),
    );
  }
  return rows;
}

async function copies(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of [64 * KiB, MiB, 64 * MiB]) {
    const statistics = await runProgram(
      context,
      { name: "copy" },
      { bytes, iterations: context.samples(bytes > MiB ? 30 : 2_000), warmup: 3 },
    );
    rows.push(
      makeRow({
        name: `memcpy: ${size(bytes)}`,
        statistics,
        note: "native, one thread, shared memory whose pages are all there",
      }),
    );
  }
  return rows;
}

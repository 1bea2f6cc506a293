import { runProgram } from "../native/program.ts";
import type { Partner } from "../partner.ts";
import { measureIceoryx2 } from "../peers/iceoryx2.ts";
import { withSocket } from "../peers/socket.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { measureExchange, measureWaiting } from "./exchange.ts";

const bytes = 64;

/** 64 bytes from one process to the other: polling in TypeScript, sleeping in `waitFor`, polling in native code. */
export async function handoffRows(context: Context, partner: Partner): Promise<Row[]> {
  return [...(await polled(context, partner)), ...(await waiting(context, partner)), ...(await native(context))];
}

async function polled(context: Context, partner: Partner): Promise<Row[]> {
  const n = context.samples(50_000, 100);
  const pings = { iterations: context.samples(500_000), warmup: context.samples(50_000) };
  const floor = await runProgram(context, { name: "pingpong" }, { ...pings, bytes: 0 });
  const rows: Row[] = [];
  for (const view of ["getArray", "map"] as const) {
    context.log(`hand-off, both sides poll, ${view}`);
    const statistics = await measureExchange(partner, { bytes, mode: "reused", view, n, whole: false });
    rows.push(
      makeRow({
        name: `hand-off of 64 B, both sides poll, ${view}`,
        statistics,
        peer: { name: "two words between native processes, the floor", value: floor.p50 },
        target: { of: "value", atMost: 5_000 },
        note: "p50 of half a round trip in TypeScript: publish, `changes` polled, get, view, one element; the release is outside",
      }),
    );
  }
  return rows;
}

async function waiting(context: Context, partner: Partner): Promise<Row[]> {
  const rows: Row[] = [];
  for (const idleMs of [0, 5]) {
    context.log(`hand-off, consumer in waitFor, ${idleMs} ms idle`);
    const n = context.samples(idleMs === 0 ? 5_000 : 400, 20);
    const statistics = await measureWaiting(partner, n, idleMs);
    const socket = await withSocket(context, (times) => times.ping(bytes, n, idleMs));
    const note = `half a round trip; both event loops wait${idleMs === 0 ? "" : `, ${idleMs} ms without any work before each`}; get, view and one element included, create not`;
    const name = `hand-off of 64 B, consumer in waitFor${idleMs === 0 ? "" : ", idle"}`;
    rows.push(makeRow({ name, statistics, peer: { name: "Unix socket ping, p50", value: socket.p50 }, note }));
    if (statistics.p99 === null || socket.p99 === null) continue;
    rows.push(
      makeRow({
        name: `${name}, p99`,
        value: statistics.p99,
        n,
        peer: { name: "Unix socket ping, p99", value: socket.p99 },
        note,
      }),
    );
  }
  return rows;
}

async function native(context: Context): Promise<Row[]> {
  const program = { name: "handoff", modules: { shm: "zig/shm.zig" } };
  const flags = { bytes, iterations: context.samples(1_000_000), warmup: context.samples(100_000) };
  const peer = await measureIceoryx2(context, bytes);
  context.log("hand-off, native");
  const rows: Row[] = [];
  for (const mode of ["written", "untouched"] as const) {
    const statistics = await runProgram(context, program, { ...flags, mode });
    const other =
      "absent" in peer
        ? { name: "iceoryx2", absent: peer.absent }
        : { name: `iceoryx2, payload ${mode}`, value: peer[mode].p50 };
    rows.push(
      makeRow({
        name: `native hand-off of 64 B, payload ${mode}`,
        statistics,
        peer: other,
        target: mode === "written" ? { of: "ratio", atLeast: 1 } : undefined,
        note: "half a round trip; publish under a name with replace, poll, get, read, release, in Zig over the same core; two segments in turn",
      }),
    );
  }
  return rows;
}

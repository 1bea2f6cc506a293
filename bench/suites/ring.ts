/** The SPSC ring, natively, between JavaScript threads and between processes, beside what others and the machine give. */
import { runProgram } from "../native/program.ts";
import { measureQueue, type Queue } from "../peers/queues.ts";
import { unpinned } from "../placement.ts";
import { measureTransport } from "../ring/workers.ts";
import { makeRow, type Peer, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const parts = { name: "ring", modules: { ring: "zig/ring.zig" } };
const wakeParts = { ...parts, name: "ring-wake" };
const batch = 256;

export async function run(context: Context): Promise<Row[]> {
  return [
    ...(await nativeRows(context)),
    await roundTrip(context),
    ...(await workerRows(context)),
    ...(await wakeRows(context)),
    await systemCalls(context),
  ];
}

/** Programs print thousandths of a nanosecond, so that a fast ring's figures are not rounded away. */
function nanoseconds(statistics: Statistics): Statistics {
  return Object.fromEntries(
    Object.entries(statistics).map(([name, value]) => [name, name === "n" || value === null ? value : value / 1000]),
  ) as unknown as Statistics;
}

async function nativeRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  const size = { runs: 9, messages: context.samples(5_000_000, 100_000) };
  for (const bytes of [8, 64]) {
    const peers = new Map<Queue, Statistics | { readonly absent: string }>();
    for (const queue of ["rtrb", "crossbeam", "rtrb-chunks"] as const) {
      peers.set(queue, await measureQueue(context, queue, bytes, size));
    }
    const best = better(peers, ["rtrb", "crossbeam"]);
    const chunks = better(peers, ["rtrb-chunks"]);
    for (const mode of ["single", "batch"] as const) {
      context.log(`native ring, ${mode}, ${bytes} B`);
      const measured = await runProgram(context, parts, { mode, bytes, iterations: size.runs, warmup: size.messages });
      const statistics = nanoseconds(measured);
      const note = `time a message; two threads, 64 Ki slots that wrap, written and read whole${mode === "batch" ? `, up to ${batch} at a time` : ""}`;
      const atLeast = mode === "single" ? 1 : bytes === 8 ? 5 : 2;
      const name = `native ring, ${bytes} B, ${mode === "single" ? "single push and pop" : "in batches"}`;
      rows.push(makeRow({ name, statistics, peer: best, target: { of: "ratio", atLeast }, note }));
      if (mode === "batch") rows.push(makeRow({ name, statistics, peer: chunks, note: `${note}; the peer too` }));
    }
  }
  return rows;
}

function better(measured: ReadonlyMap<Queue, Statistics | { readonly absent: string }>, of: readonly Queue[]): Peer {
  const found = of.flatMap((name) => {
    const one = measured.get(name)!;
    return "absent" in one ? [] : [{ name, value: nanoseconds(one).p50 }];
  });
  const absent = of.map((name) => measured.get(name)!).find((one) => "absent" in one);
  found.sort((a, b) => a.value - b.value);
  return found[0] ?? { name: of.join(", "), absent: (absent as { absent: string }).absent };
}

async function roundTrip(context: Context): Promise<Row> {
  const size = { iterations: context.samples(1_000_000), warmup: context.samples(100_000) };
  context.log("ring between two processes");
  const bare = await runProgram(context, { name: "pingpong" }, { ...size, bytes: 0 });
  return makeRow({
    name: "ring between two processes, 8 B, one way",
    statistics: await runProgram(context, parts, { mode: "pingpong", ...size }),
    peer: { name: "bare two-word ping-pong", value: bare.p50 },
    target: { of: "ratio", atLeast: 0.77 },
    note: "half a round trip; both sides poll, the fence for sleepers included",
  });
}

async function workerRows(context: Context): Promise<Row[]> {
  const single = await measureTransport(context, "ring", 1, 500_000);
  const batched = await measureTransport(context, "ring", batch, 2_000_000);
  const posted = await measureTransport(context, "postMessage", 1, 50_000);
  const other = await measureTransport(context, "ringbuf", 1, 500_000);
  const otherBatched = await measureTransport(context, "ringbuf", batch, 2_000_000);
  const note =
    "time a message of 64 B, written and read word by word in JavaScript, 1024 slots, until the last was checked";
  const message = { name: "postMessage of 64 B", value: posted.p50 };
  const ringbuf = { name: "ringbuf.js, one by one", value: other.p50 };
  const row = (name: string, statistics: Statistics, peer: Peer, atLeast?: number): Row =>
    makeRow({ name, statistics, peer, target: atLeast === undefined ? undefined : { of: "ratio", atLeast }, note });
  return [
    row("ring between two Workers, 64 B, single", single, message, 20),
    row("ring between two Workers, 64 B, single", single, ringbuf, 3),
    row("ring between two Workers, 64 B, in batches", batched, message, 60),
    row("ring between two Workers, 64 B, in batches", batched, ringbuf, 8),
    row("ring between two Workers, 64 B, in batches", batched, {
      name: "ringbuf.js, in batches",
      value: otherBatched.p50,
    }),
  ];
}

async function wakeRows(context: Context): Promise<Row[]> {
  const size = { iterations: context.samples(100_000), warmup: context.samples(2_000) };
  const measure = (mode: string) => {
    context.log(`wake of a sleeping thread, ${mode}`);
    return runProgram(context, wakeParts, { mode, ...size });
  };
  const statistics = await measure("ring");
  const rows: Row[] = [];
  for (const mode of ["futex", "eventfd"]) {
    rows.push(
      makeRow({
        name: "wake of a sleeping peer through the ring",
        statistics,
        peer: { name: `bare ${mode}`, value: (await measure(mode)).p50 },
        target: { of: "ratio", atLeast: 0.9 },
        note: "half a round trip of two threads that sleep without polling first",
      }),
    );
  }
  return rows;
}

/** Calls of the kernel by so many messages more, with blocking writes and reads that never need to wait. */
async function systemCalls(context: Context): Promise<Row> {
  const name = "system calls of a million blocking writes and reads";
  const note = "strace, by the difference between two runs of other lengths";
  const strace = Bun.which("strace");
  if (strace === null) return makeRow({ name, unit: "x", note: `${note}; strace is not installed` });
  await runProgram(context, parts, { mode: "calls", warmup: 1000, iterations: 1 });
  const count = (messages: number): number => {
    const program = `${import.meta.dir}/../native/out/ring`;
    const command = [strace, "-f", "-qq", program, "--mode", "calls", "--warmup", String(messages)];
    const traced = Bun.spawnSync(unpinned(command), { stdout: "ignore", stderr: "pipe" });
    if (!traced.success) throw new Error(`strace ended with ${traced.exitCode}`);
    return traced.stderr.toString().trim().split("\n").length;
  };
  const value = count(1_001_000) - count(1000);
  return makeRow({ name, unit: "x", value, target: { of: "value", atMost: 0 }, note });
}

/** The SPSC ring, natively, between JavaScript threads and between processes, beside what others and the machine give. */
import { runProgram } from "../native/program.ts";
import { measureQueue, type Queue } from "../peers/queues.ts";
import { unpinned } from "../placement.ts";
import { measureTransport, type Order } from "../ring/workers.ts";
import { inTurn } from "../rounds.ts";
import { makeRow, type Peer, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const parts = { name: "ring", modules: { ring: "zig/ring.zig" } };
const wakeParts = { ...parts, name: "ring-wake" };
const batch = 256;
const rounds = 5;

export async function run(context: Context): Promise<Row[]> {
  return [
    ...(await nativeRows(context)),
    ...(await roundTrip(context)),
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
  const size = { runs: 5, messages: context.samples(5_000_000, 100_000) };
  for (const bytes of [8, 64]) {
    const peer = (queue: Queue) => () => measureQueue(context, queue, bytes, size);
    const own = (mode: "single" | "batch") => async () => {
      context.log(`native ring, ${mode}, ${bytes} B`);
      return runProgram(context, parts, { mode, bytes, iterations: size.runs, warmup: size.messages });
    };
    const measured = await inTurn(
      rounds,
      {
        rtrb: peer("rtrb"),
        single: own("single"),
        crossbeam: peer("crossbeam"),
        batch: own("batch"),
        "rtrb-chunks": peer("rtrb-chunks"),
      },
      (one) => ("absent" in one ? 0 : one.p50),
    );
    const best = better(measured, ["rtrb", "crossbeam"]);
    const chunks = better(measured, ["rtrb-chunks"]);
    for (const mode of ["single", "batch"] as const) {
      const statistics = nanoseconds(measured[mode]);
      const note = `time a message; two threads, 64 Ki slots that wrap, written and read whole${mode === "batch" ? `, up to ${batch} at a time` : ""}`;
      const atLeast = mode === "single" ? 1 : bytes === 8 ? 5 : 2;
      const name = `native ring, ${bytes} B, ${mode === "single" ? "single push and pop" : "in batches"}`;
      rows.push(makeRow({ name, statistics, peer: best, target: { of: "ratio", atLeast }, note }));
      if (mode === "batch") rows.push(makeRow({ name, statistics, peer: chunks, note: `${note}; the peer too` }));
    }
  }
  return rows;
}

function better(
  measured: Readonly<Record<Queue, Statistics | { readonly absent: string }>>,
  of: readonly Queue[],
): Peer {
  const found = of.flatMap((name) => {
    const one = measured[name];
    return "absent" in one ? [] : [{ name, value: nanoseconds(one).p50 }];
  });
  const absent = of.map((name) => measured[name]).find((one) => "absent" in one);
  found.sort((a, b) => a.value - b.value);
  return found[0] ?? { name: of.join(", "), absent: (absent as { absent: string }).absent };
}

async function roundTrip(context: Context): Promise<Row[]> {
  const size = { iterations: context.samples(500_000), warmup: context.samples(50_000) };
  context.log("ring between two processes");
  const bare = (bytes: number) => () => runProgram(context, { name: "pingpong" }, { ...size, bytes });
  const ring = () => runProgram(context, parts, { mode: "pingpong", ...size });
  const measured = await inTurn(rounds, { word: bare(0), ring, both: bare(8) }, ({ p50 }) => p50);
  const name = "ring between two processes, 8 B, one way";
  const statistics = measured.ring;
  const note = "half a round trip; both sides poll, the fence for sleepers included";
  return [
    makeRow({
      name,
      statistics,
      peer: { name: "bare two-word ping-pong", value: measured.word.p50 },
      target: { of: "ratio", atLeast: 0.77 },
      note,
    }),
    makeRow({
      name,
      statistics,
      peer: { name: "the same with the 8 B beside the word", value: measured.both.p50 },
      note: `${note}; the peer's message lies in a line of its own too`,
    }),
  ];
}

async function workerRows(context: Context): Promise<Row[]> {
  const transport = (kind: Order["kind"], size: number, usual: number) => () =>
    measureTransport(context, kind, size, usual);
  const measured = await inTurn(
    rounds,
    {
      single: transport("ring", 1, 300_000),
      posted: transport("postMessage", 1, 50_000),
      batched: transport("ring", batch, 1_000_000),
      other: transport("ringbuf", 1, 300_000),
      otherBatched: transport("ringbuf", batch, 1_000_000),
    },
    ({ p50 }) => p50,
  );
  const { single, batched } = measured;
  const note =
    "time a message of 64 B, written and read word by word in JavaScript, 1024 slots, until the last was checked";
  const message = { name: "postMessage of 64 B", value: measured.posted.p50 };
  const ringbuf = { name: "ringbuf.js, one by one", value: measured.other.p50 };
  const row = (name: string, statistics: Statistics, peer: Peer, atLeast?: number): Row =>
    makeRow({ name, statistics, peer, target: atLeast === undefined ? undefined : { of: "ratio", atLeast }, note });
  return [
    row("ring between two Workers, 64 B, single", single, message, 20),
    row("ring between two Workers, 64 B, single", single, ringbuf, 3),
    row("ring between two Workers, 64 B, in batches", batched, message, 60),
    row("ring between two Workers, 64 B, in batches", batched, ringbuf, 8),
    row("ring between two Workers, 64 B, in batches", batched, {
      name: "ringbuf.js, in batches",
      value: measured.otherBatched.p50,
    }),
  ];
}

async function wakeRows(context: Context): Promise<Row[]> {
  const size = { iterations: context.samples(30_000), warmup: context.samples(2_000) };
  const wake = (mode: string) => () => {
    context.log(`wake of a sleeping thread, ${mode}`);
    return runProgram(context, wakeParts, { mode, ...size });
  };
  const contenders = { ring: wake("ring"), futex: wake("futex"), eventfd: wake("eventfd") };
  const measured = await inTurn(rounds, contenders, ({ p50 }) => p50);
  return (["futex", "eventfd"] as const).map((mode) =>
    makeRow({
      name: "wake of a sleeping peer through the ring",
      statistics: measured.ring,
      peer: { name: `bare ${mode}`, value: measured[mode].p50 },
      target: { of: "ratio", atLeast: 0.9 },
      note: "half a round trip of two threads that sleep without polling first",
    }),
  );
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

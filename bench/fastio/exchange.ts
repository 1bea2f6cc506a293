import { FastIOContext } from "../../src/fastio/index.ts";
import { Partner } from "../partner.ts";
import { type Statistics, sample } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { writeWhole } from "../workload.ts";
import { Channel, type Mode, type ViewKind } from "./channel.ts";
import type { AnswerOrder } from "./orders.ts";
import { measureWaits } from "./waits.ts";

export interface Exchange {
  readonly bytes: number;
  readonly mode: Mode;
  readonly view: ViewKind;
  readonly n: number;
  /** Written whole by one side and read whole by the other, with an answer of 64 bytes; else of the same size. */
  readonly whole: boolean;
}

let jobs = 0;

/** A job of this process's own, so that no measurement sees another's memory. */
export function openJob(recycleBytesMax = 0): FastIOContext {
  return FastIOContext.open(`bench-${process.pid}-${jobs++}`, { recycleBytesMax });
}

export function startFastioPartner(context: Context): Promise<Partner> {
  return Partner.start(context, `${import.meta.dir}/partner.ts`);
}

/** Times an exchange that both sides poll: half a round trip, or with `whole` from the first write to the answer. */
export async function measureExchange(partner: Partner, exchange: Exchange): Promise<Statistics> {
  const { bytes, mode, view, n, whole } = exchange;
  using job = openJob();
  const warmup = Math.max(3, Math.round(n / 10));
  const order: AnswerOrder = {
    job: job.name,
    bytes,
    answerBytes: whole ? 64 : bytes,
    mode,
    view,
    rounds: warmup + n,
    read: whole,
    recycleBytesMax: 0,
  };
  using channel = new Channel(job, { out: "message", back: "answer", bytes, mode, view });
  const { done } = await partner.begin<void>("answer", order);
  const statistics = sample(n, warmup, (i) => {
    const sequence = i + 1;
    const values = channel.prepare(sequence);
    if (!whole) values[0] = sequence;
    const before = performance.now();
    if (whole) writeWhole(values, sequence);
    channel.send(sequence);
    channel.receive(sequence);
    const ns = (performance.now() - before) * 1e6;
    channel.done();
    return whole ? ns : ns / 2;
  });
  await finish(job, done);
  return statistics;
}

/** Half a round trip between two event loops in `waitFor`. */
export async function measureWaiting(partner: Partner, n: number, idleMs: number): Promise<Statistics> {
  using job = openJob();
  const warmup = Math.max(3, Math.round(n / 10));
  const { done } = await partner.begin<void>("wait", { job: job.name, rounds: warmup + n, idleMs });
  const statistics = await measureWaits(job, n, warmup, idleMs);
  await finish(job, done);
  return statistics;
}

async function finish(job: FastIOContext, done: Promise<void>): Promise<void> {
  job.publishArray(new Uint8Array(1), "ended");
  await done;
}

import { FastIOContext } from "../../src/fastio/index.ts";
import { type Ready, servePartner } from "../partner-side.ts";
import { sample, summarize } from "../statistics.ts";
import { readWhole } from "../workload.ts";
import { Channel } from "./channel.ts";
import type { AnswerOrder, CallsOrder, ColdOrder, WaitOrder } from "./orders.ts";
import { answerWaits } from "./waits.ts";

let live: { i: number }[] = [];

servePartner({
  /** The other side of a polled exchange: receives, reads if asked, answers. */
  async answer(order: AnswerOrder, ready: Ready) {
    using job = FastIOContext.open(order.job, { recycleBytesMax: order.recycleBytesMax });
    const { answerBytes: bytes, mode, view, rounds, read } = order;
    using channel = new Channel(job, { out: "answer", back: "message", bytes, mode, view });
    await ready();
    for (let sequence = 1; sequence <= rounds; sequence++) {
      channel.prepare(sequence)[0] = sequence;
      const values = channel.receive(sequence);
      if (read) readWhole(values, sequence);
      channel.send(sequence);
      channel.done();
    }
    await ended(job);
  },

  async wait({ job: name, rounds, idleMs }: WaitOrder, ready: Ready) {
    using job = FastIOContext.open(name);
    await ready();
    await answerWaits(job, rounds, idleMs);
    await ended(job);
  },

  /** Times single calls on memory that this process has mapped before, made and held by the other side. */
  calls({ job: name, name: tensor, n, liveObjects }: CallsOrder) {
    live = Array.from({ length: liveObjects }, (_, i) => ({ i }));
    using job = FastIOContext.open(name);
    let sum = 0;
    const get = sample(n, n / 5, () => {
      const before = performance.now();
      const got = job.get(tensor);
      const ns = (performance.now() - before) * 1e6;
      got.release();
      return ns;
    });
    const getAndRead = sample(n, n / 5, () => {
      const before = performance.now();
      const got = job.get<"float64">(tensor);
      sum += got.getArray()[0]!;
      const ns = (performance.now() - before) * 1e6;
      got.release();
      return ns;
    });
    using held = job.get(tensor);
    const publish = sample(n, n / 5, () => {
      const before = performance.now();
      held.publish("again", { replace: true });
      return (performance.now() - before) * 1e6;
    });
    if (sum !== n + n / 5) throw new Error(`read ${sum}, not the ones that were written`);
    if (live.length !== liveObjects) throw new Error("the live objects are gone");
    live = [];
    return { get, getAndRead, publish };
  },

  /** First look at memory that this process has never seen. */
  cold({ job: name, names }: ColdOrder) {
    using job = FastIOContext.open(name);
    const times = new Float64Array(names.length);
    let sum = 0;
    for (const [i, one] of names.entries()) {
      const before = performance.now();
      const got = job.get<"float64">(one);
      sum += got.getArray()[0]!;
      times[i] = (performance.now() - before) * 1e6;
    }
    if (sum !== names.length) throw new Error(`read ${sum}, not the ones that were written`);
    // The first ones pay for compiling this function.
    return summarize(times.slice(Math.floor(names.length / 5)));
  },
});

/** The measuring side reads the last answer before this side's memory goes with it. */
async function ended(job: FastIOContext): Promise<void> {
  (await job.waitFor("ended", { timeoutMs: 60_000 })).free();
}

import type { FastIOContext } from "../../src/fastio/index.ts";
import { type Statistics, sampleAsync } from "../statistics.ts";

const message = (i: number): string => `message-${i}`;
const answer = (i: number): string => `answer-${i}`;

/** The answering side: sleeps in `waitFor`, reads one element, publishes an answer that it made beforehand. */
export async function answerWaits(job: FastIOContext, rounds: number, idleMs: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    using reply = job.create({ dtype: "float64", shape: [8] });
    reply.map()[0] = i;
    const got = await job.waitFor<"float64">(message(i), { timeoutMs: 60_000 + idleMs });
    if (got.getArray()[0] !== i) throw new Error(`message ${i} says ${got.getArray()[0]}`);
    reply.publish(answer(i));
    got.free();
  }
}

/** Half a round trip of 64 bytes between two event loops that both sleep in `waitFor`, after `idleMs` of idleness. */
export function measureWaits(job: FastIOContext, n: number, warmup: number, idleMs: number): Promise<Statistics> {
  return sampleAsync(n, warmup, async (i) => {
    if (idleMs > 0) await Bun.sleep(idleMs);
    using tensor = job.create({ dtype: "float64", shape: [8] });
    tensor.map()[0] = i;
    const before = performance.now();
    tensor.publish(message(i));
    const got = await job.waitFor<"float64">(answer(i), { timeoutMs: 60_000 });
    const first = got.getArray()[0];
    const ns = ((performance.now() - before) * 1e6) / 2;
    if (first !== i) throw new Error(`answer ${i} says ${first}`);
    got.free();
    return ns;
  });
}

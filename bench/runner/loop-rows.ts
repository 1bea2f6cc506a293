import { bytesPerCall } from "../hot/allocated.ts";
import { makeRow, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { measure } from "./measure.ts";
import { modelPath } from "./models.ts";

const peer = "onnxruntime-node";

/** What the event loop notices. */
export async function loopRows(context: Context): Promise<Row[]> {
  const seconds = context.samples(60, 10) / 10;
  context.log("event loop");
  const parts = { model: modelPath("long"), width: 2048, rows: 8, seconds } as const;
  const idle = await measure("gaps", parts);
  const ours = await measure("gaps", { ...parts, engine: "millrace" });
  const theirs = await measure("gaps", { ...parts, engine: peer });
  const row = (what: string, pick: (s: Statistics) => number, atMost?: number) =>
    makeRow({
      name: `gaps in the event loop while a model runs: ${what}`,
      value: pick(ours),
      n: ours.n,
      peer: { name: peer, value: pick(theirs) },
      target: atMost === undefined ? undefined : { of: "value", atMost },
      note: `runs of ${ours.runMs.toFixed(0)} ms one after the other; an idle process: ${(pick(idle) / 1e6).toFixed(3)} ms`,
    });
  return [row("p99.9", (s) => s.p999 ?? s.max, 2e6), row("longest", (s) => s.max), ...(await copyRows(context))];
}

/** A program that only copies: what a request costs by itself. */
async function copyRows(context: Context): Promise<Row[]> {
  context.log("copy-only program");
  const calls = context.samples(5000, 500);
  const seconds = context.samples(20, 4) / 10;
  const [bytes, empty] = [
    await bytesPerCall("runner", "executeAsync, copy-only program, 64 at a time", calls),
    await bytesPerCall("runner", "an empty promise, 64 at a time", calls),
  ];
  const figures = await measure("callers", {
    engine: "millrace",
    model: modelPath("copy"),
    width: 64,
    callers: 64,
    seconds,
    config: { batchingDim: 0 },
  });
  return [
    makeRow({
      name: "executeAsync of a program that only copies: time of JavaScript's thread a request",
      value: figures.threadNs,
      n: figures.requests,
      note: `64 callers, 64 float32; ${figures.batch.toFixed(1)} rows a run, ${(figures.perSecond / 1e6).toFixed(2)} M/s`,
    }),
    makeRow({
      name: "executeAsync of a program that only copies: bytes allocated a request",
      unit: "B",
      ...(bytes === null ? {} : { value: bytes / 64 }),
      n: calls,
      peer:
        empty === null
          ? { name: "an empty promise", absent: "not measured" }
          : { name: "an empty promise", value: empty / 64 },
      note: "64 at a time, on JavaScript's heap, garbage included",
    }),
  ];
}

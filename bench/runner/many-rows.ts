import { inTurn } from "../rounds.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import type { CallersFigures } from "./callers.ts";
import { measure } from "./measure.ts";
import { modelPath } from "./models.ts";

const peer = "onnxruntime-node";
const rounds = 5;
const merged = { batchingDim: 0, maxBatchSize: 64 } as const;

/** Many callers, each with one request under way. */
export async function manyRows(context: Context): Promise<Row[]> {
  const seconds = context.samples(25, 4) / 10;
  const rows: Row[] = [];
  const mlp = { model: modelPath("mlp"), width: 64, callers: 64, seconds } as const;
  context.log("64 callers, small model");
  const { ours, theirs } = await inTurn(
    rounds,
    {
      ours: () => measure("callers", { ...mlp, engine: "millrace", config: merged }),
      theirs: () => measure("callers", { ...mlp, engine: peer }),
    },
    ({ perSecond }) => perSecond,
  );
  rows.push(
    makeRow({
      name: "executeAsync, 64 callers, 64-128-10 MLP, merged",
      unit: "1/s",
      value: ours.perSecond,
      n: ours.requests,
      peer: { name: peer, value: theirs.perSecond },
      higherIsBetter: true,
      target: { of: "ratio", atLeast: 15 },
      note: describe(ours),
    }),
  );
  context.log("goodput");
  const counts = [8, 32, 64, 128, 256, 512, 1000];
  const goodput = { ...mlp, seconds: seconds / 4, limitMs: 10, counts };
  const ourGoodput = await measure("busy", { ...goodput, engine: "millrace", config: merged });
  const theirGoodput = await measure("busy", { ...goodput, engine: peer });
  rows.push(
    makeRow({
      name: "the same, goodput at p99 of at most 10 ms",
      unit: "1/s",
      value: ourGoodput.perSecond,
      n: ourGoodput.requests,
      peer: { name: peer, value: theirGoodput.perSecond },
      higherIsBetter: true,
      note: `best of 1 to 1000 callers: ours with ${ourGoodput.callers} (${describe(ourGoodput)}), theirs with ${theirGoodput.callers}`,
    }),
  );
  context.log("64 callers, 1-2 ms a row");
  const wide = { model: modelPath("wide"), width: 1024, callers: 64, seconds } as const;
  const everyCore = { ...merged, engine: { threads: navigator.hardwareConcurrency } };
  const measured = await inTurn(
    rounds,
    {
      wider: () => measure("callers", { ...wide, engine: "millrace", config: everyCore }),
      usual: () => measure("callers", { ...wide, engine: "millrace", config: merged }),
      theirs: () => measure("callers", { ...wide, engine: peer }),
    },
    ({ perSecond }) => perSecond,
  );
  const wideRow = (name: string, own: CallersFigures, atLeast: number | undefined) =>
    makeRow({
      name,
      unit: "1/s",
      value: own.perSecond,
      n: own.requests,
      peer: { name: peer, value: measured.theirs.perSecond },
      higherIsBetter: true,
      target: atLeast === undefined ? undefined : { of: "ratio", atLeast },
      note: describe(own),
    });
  rows.push(
    wideRow(
      "64 callers, 6 layers 1024x1024, merged, an engine thread for each core as the peer has",
      measured.wider,
      5,
    ),
    wideRow("the same, one core left to the event loop, as by default", measured.usual, undefined),
  );
  return [...rows, ...(await replicaRows(context, wide))];
}

async function replicaRows(
  context: Context,
  wide: { readonly model: string; readonly width: number; readonly seconds: number },
): Promise<Row[]> {
  context.log("two replicas");
  const with_ = (replicationFactor: number, threads: number) => () =>
    measure("callers", { ...wide, callers: 8, engine: "millrace", config: { replicationFactor, engine: { threads } } });
  const contenders = { one: with_(1, 1), two: with_(2, 1), wider: with_(1, 2) };
  const { one, two, wider } = await inTurn(rounds, contenders, ({ perSecond }) => perSecond);
  const row = (name: string, other: CallersFigures, atLeast: number | undefined) =>
    makeRow({
      name: "two replicas, one engine thread each, 6 layers 1024x1024",
      unit: "1/s",
      value: two.perSecond,
      n: two.requests,
      peer: { name, value: other.perSecond },
      higherIsBetter: true,
      target: atLeast === undefined ? undefined : { of: "ratio", atLeast },
      note: `8 callers, nothing merged; JavaScript's thread takes ${percent(two)} of a core`,
    });
  return [row("one replica, one engine thread", one, 1.7), row("one replica, two engine threads", wider, undefined)];
}

function describe(figures: CallersFigures): string {
  return `${figures.batch.toFixed(1)} rows a run; p99 ${(figures.p99 / 1e6).toFixed(2)} ms; JavaScript's thread takes ${figures.threadNs.toFixed(0)} ns a request, ${percent(figures)} of a core`;
}

function percent({ threadNs, perSecond }: CallersFigures): string {
  return `${((threadNs * perSecond) / 1e7).toFixed(1)} %`;
}

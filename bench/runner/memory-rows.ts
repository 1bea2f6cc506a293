import { quantity } from "../quantity.ts";
import { inTurn } from "../rounds.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { measure } from "./measure.ts";
import { modelPath } from "./models.ts";

const peer = "onnxruntime-node";
const MiB = 1 << 20;

/** Large inputs, resident memory, and what a loaded model costs that nobody asks. */
export async function memoryRows(context: Context): Promise<Row[]> {
  return [...(await inputRows(context)), ...(await idleRows(context)), await growthRow(context)];
}

async function inputRows(context: Context): Promise<Row[]> {
  context.log("large inputs");
  const model = modelPath("large");
  const samples = context.samples(2000, 200);
  const at = (from: "array" | "fastio" | "memcpy", bytes: number) =>
    measure("inputs", { model, elements: bytes / 4, from, samples });
  const copy = await at("memcpy", MiB);
  const array = await at("array", MiB);
  const [small, shared, large] = [await at("fastio", 64 * 1024), await at("fastio", MiB), await at("fastio", 16 * MiB)];
  return [
    makeRow({
      name: "1 MiB input from a typed array",
      statistics: array,
      peer: { name: "memcpy of the input", value: copy.p50 },
      note: `${quantity(array.copied, "B")} copied a request; executeAsync, one caller`,
    }),
    makeRow({
      name: "1 MiB input from FastIO memory",
      statistics: shared,
      peer: { name: "memcpy of the input", value: copy.p50 },
      note: `${quantity(shared.copied, "B")} copied a request; 64 KiB take ${quantity(small.p50, "ns")}, 16 MiB ${quantity(large.p50, "ns")}`,
    }),
    makeRow({
      name: "16 MiB input from FastIO memory, beside 64 KiB",
      statistics: large,
      peer: { name: "64 KiB", value: small.p50 },
      target: { of: "ratio", atLeast: 0.67 },
      note: "flat in size: nothing is copied, the model reads four numbers",
    }),
  ];
}

async function idleRows(context: Context): Promise<Row[]> {
  context.log("idle");
  const parts = { model: modelPath("mlp"), width: 64, seconds: context.samples(30, 10) / 10 } as const;
  const { nothing, ours, theirs } = await inTurn(
    3,
    {
      nothing: () => measure("idle", parts),
      ours: () => measure("idle", { ...parts, engine: "millrace" }),
      theirs: () => measure("idle", { ...parts, engine: peer }),
    },
    ({ percent }) => percent,
  );
  const percent = (value: number) => Math.max(0, Math.round(value * 100) / 100);
  return [
    makeRow({
      name: "processor time of a loaded runner that nobody asks",
      unit: "%",
      value: percent(ours.percent - nothing.percent),
      peer: { name: peer, value: percent(theirs.percent - nothing.percent) },
      target: { of: "value", atMost: 0.05 },
      note: `percent of one core over ${parts.seconds} s above a process without a model, which takes ${nothing.percent.toFixed(2)} %`,
    }),
    makeRow({
      name: "resident memory of a loaded runner",
      unit: "B",
      value: ours.bytes,
      peer: { name: peer, value: theirs.bytes },
      note: "above the process before it was loaded, after 100 requests; the model's weights are 38 KB",
    }),
  ];
}

async function growthRow(context: Context): Promise<Row> {
  const requests = context.samples(10_000_000, 200_000);
  context.log("memory over many requests");
  const { early, late } = await measure("growth", { model: modelPath("mlp"), width: 64, callers: 64, requests });
  return makeRow({
    name: "resident memory that ten million requests add",
    unit: "B",
    value: Math.max(0, late - early),
    n: requests,
    target: { of: "value", atMost: 8 * MiB },
    note: `${requests.toLocaleString("en")} requests of 64 callers, merged; compared with the first twentieth of them`,
  });
}

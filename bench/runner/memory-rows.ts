import { quantity } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { measure } from "./measure.ts";
import { modelPath } from "./models.ts";

const peer = "onnxruntime-node";
const MiB = 1 << 20;

/** Large inputs, resident memory, and what a loaded model costs that nobody asks. */
export async function memoryRows(context: Context): Promise<Row[]> {
  return [...(await inputRows(context)), ...(await idleRows(context))];
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
  const ours = await measure("idle", { ...parts, engine: "millrace" });
  const theirs = await measure("idle", { ...parts, engine: peer });
  return [
    makeRow({
      name: "processor time of a loaded runner that nobody asks",
      unit: "%",
      value: ours.percent,
      peer: { name: peer, value: theirs.percent },
      target: { of: "value", atMost: 0.05 },
      note: `percent of one core over ${parts.seconds} s, the process's own housekeeping included`,
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

import { readFileSync } from "node:fs";
import { Model } from "../../src/popef/index.ts";
import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import { type Statistics, sample, summarize } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { ModelFiles } from "./files.ts";

const MiB = 1024 * 1024;
const sizes = [MiB, 64 * MiB, 1024 * MiB, 4096 * MiB];

/** From a path to a model's metadata, whatever the weight of the model. */
export async function openRows(context: Context): Promise<Row[]> {
  using files = new ModelFiles();
  const n = context.samples(2_000, 50);
  const rows: Row[] = [];
  let smallest: Statistics | undefined;
  for (const bytes of sizes) {
    context.log(`open, ${size(bytes)}`);
    const path = files.oneTensor(bytes);
    const statistics = sample(n, 20, () => open(path, bytes));
    rows.push(
      makeRow({
        name: `time to metadata, ${size(bytes)} of weights`,
        statistics,
        peer: smallest && { name: `the same with ${size(sizes[0]!)}`, value: smallest.p50 },
        target: smallest && { of: "ratio", atLeast: 0.8 },
        note: "Model.openSync and its metadata, files in the page cache; closing is not counted; the weight is a hole in the file, and is not read",
      }),
    );
    smallest ??= statistics;
  }
  const path = files.oneTensor(sizes[0]!);
  const whole = sample(n, 20, () => void readFileSync(path));
  rows.unshift(
    makeRow({
      name: `time to metadata, ${size(sizes[0]!)} of weights, beside reading the file`,
      statistics: smallest!,
      peer: { name: "readFileSync of the whole file", value: whole.p50 },
      note: "the first of the rows below again",
    }),
  );
  context.log("open, off the event loop");
  rows.push(
    makeRow({
      name: `time to metadata, ${size(MiB)} of weights, Model.open`,
      statistics: await sampleAsync(n, path),
      peer: { name: "Model.openSync", value: smallest!.p50 },
      note: "what not blocking costs: each read goes through a thread of Bun's pool",
    }),
  );
  context.log("open, 1,000 weights");
  const many = files.manyTensors(1_000, 64 * 1024);
  rows.push(
    makeRow({
      name: `time to metadata, 1,000 weights of ${size(64 * 1024)}`,
      statistics: sample(context.samples(100, 10), 3, () => open(many, 64 * 1024)),
      peer: { name: "readFileSync of the whole file", value: sample(10, 2, () => void readFileSync(many)).p50 },
      note: "one read for each weight's header and message, a page each; the file has 64 MiB",
    }),
  );
  return rows;
}

/** Opens a model, looks, and closes; the nanoseconds of the first two. */
function open(path: string, bytes: number): number {
  const before = performance.now();
  const model = Model.openSync(path);
  const { anchors } = model.metadata;
  const ns = (performance.now() - before) * 1e6;
  if (anchors[0]!.tensorInfo.sizeInBytes() !== bytes) throw new Error(`${path} says something else`);
  model.close();
  return ns;
}

async function sampleAsync(n: number, path: string): Promise<Statistics> {
  const times: number[] = [];
  for (let index = 0; index < n; index++) {
    const before = performance.now();
    const model = await Model.open(path);
    times.push((performance.now() - before) * 1e6);
    model.close();
  }
  return summarize(Float64Array.from(times));
}

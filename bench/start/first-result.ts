import { existsSync } from "node:fs";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { inFreshProcesses } from "./processes.ts";

const model = `${import.meta.dir}/../../examples/digits/digits.onnx`;

/** Import, load and first answer of the digits model, in fresh processes. */
export async function firstResultRows(context: Context): Promise<Row[]> {
  const name = "import, load and first result of the digits model";
  if (!existsSync(model)) return [makeRow({ name, note: `not measured: ${model} is missing` })];
  const n = context.samples(20, 5);
  context.log(name);
  const times = await inFreshProcesses(
    { millrace: ["first-result-millrace.ts", model], onnxruntime: ["first-result-onnxruntime.ts", model] },
    n,
  );
  return [
    makeRow({
      name,
      statistics: times.millrace,
      peer: { name: "onnxruntime-node", value: times.onnxruntime.p50 },
      target: { of: "ratio", atLeast: 1 },
      note: "fresh Bun processes in turn, both with the same libonnxruntime; starting Bun and closing are in neither",
    }),
  ];
}

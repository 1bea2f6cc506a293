import { findEngineLibrary } from "../../src/native/engine-library.ts";
import { runProgram } from "../native/program.ts";
import { inTurn } from "../rounds.ts";
import { makeRow, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { measure } from "./measure.ts";
import { modelPath } from "./models.ts";

const width = 64;
const peer = "onnxruntime-node";
const rounds = 5;

/** One caller at a time, 64-128-10 MLP. */
export async function oneRows(context: Context): Promise<Row[]> {
  const model = modelPath("mlp");
  const samples = context.samples(50_000, 2000);
  context.log("one caller");
  const parts = { model, width, samples } as const;
  const program = { name: "onnx", modules: { onnx: "zig/onnx.zig" } } as const;
  const library = findEngineLibrary(undefined, "bench");
  const { bare, execute, theirs, asynchronous } = await inTurn(
    rounds,
    {
      bare: () => runProgram(context, program, { iterations: samples, library, model }),
      execute: () => measure("latency", { ...parts, engine: "millrace", blocking: true }),
      theirs: () => measure("latency", { ...parts, engine: peer, blocking: false }),
      asynchronous: () => measure("latency", { ...parts, engine: "millrace", blocking: false }),
    },
    ({ p50 }) => p50,
  );
  return [
    makeRow({
      name: "execute, one caller: p50",
      statistics: execute,
      peer: { name: peer, value: theirs.p50 },
      target: { of: "ratio", atLeast: 1.6 },
      note: "64-128-10 MLP, one row; runs on the calling thread",
    }),
    p99Row("execute, one caller: p99", execute, theirs, 1.6, "the same"),
    makeRow({
      name: "execute above the bare C API call: p50",
      value: execute.p50 - bare.p50,
      n: execute.n,
      target: { of: "value", atMost: 2000 },
      note: `difference of two processes; the C API from Zig takes ${(bare.p50 / 1000).toFixed(2)} us, input and output copied`,
    }),
    makeRow({
      name: "execute above the bare C API call: p99",
      value: execute.p99! - bare.p99!,
      n: execute.n,
      target: { of: "value", atMost: 2000 },
      note: `the same; the C API's p99 is ${(bare.p99! / 1000).toFixed(2)} us`,
    }),
    makeRow({
      name: "executeAsync, one caller at a time: p50",
      statistics: asynchronous,
      peer: { name: peer, value: theirs.p50 },
      target: { of: "ratio", atLeast: 1 },
      note: "the same model; off the event loop, theirs runs on it",
    }),
    p99Row("executeAsync, one caller at a time: p99", asynchronous, theirs, 1, "the same"),
  ];
}

function p99Row(name: string, ours: Statistics, theirs: Statistics, atLeast: number, note: string): Row {
  return makeRow({
    name,
    value: ours.p99!,
    n: ours.n,
    peer: { name: peer, value: theirs.p99! },
    target: { of: "ratio", atLeast },
    note,
  });
}

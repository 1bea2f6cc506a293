import { existsSync } from "node:fs";
import { ModelRunner } from "../../src/runner/index.ts";
import { modelPath } from "../runner/models.ts";
import type { HotCall, HotCase } from "./case.ts";

const model = `${import.meta.dir}/../../examples/digits/digits.onnx`;
const image = { data: new Float32Array(64), shape: [1, 1, 8, 8] };

async function scene(make: (runner: ModelRunner) => () => unknown): Promise<HotCall> {
  if (!existsSync(model)) throw new Error(`${model} is missing`);
  const runner = await ModelRunner.load(model);
  return { call: make(runner), close: () => runner.close() };
}

const atATime = 64;

async function copyScene(): Promise<HotCall> {
  const runner = await ModelRunner.load(modelPath("copy"), { batchingDim: 0 });
  const x = new Float32Array(64);
  const call = () => Promise.all(Array.from({ length: atATime }, () => runner.executeAsync({ x })));
  return { call, close: () => runner.close() };
}

export const cases: readonly HotCase[] = [
  {
    name: "execute, digits model, one image",
    note: "blocking, the model's own run included",
    prepare: () => scene((runner) => () => runner.execute({ image })),
  },
  {
    name: "executeAsync, digits model, one image at a time",
    note: "until the promise has settled, the model's own run included",
    prepare: () => scene((runner) => () => runner.executeAsync({ image })),
  },
  {
    name: "executeAsync, copy-only program, 64 at a time",
    note: "until all 64 promises have settled",
    prepare: copyScene,
  },
  {
    name: "an empty promise, 64 at a time",
    note: "made and resolved, as what every asynchronous call pays",
    prepare: () => ({
      call: () => Promise.all(Array.from({ length: atATime }, () => new Promise<void>((resolve) => resolve()))),
      close: () => undefined,
    }),
  },
];

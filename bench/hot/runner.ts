import { existsSync } from "node:fs";
import { ModelRunner } from "../../src/runner/index.ts";
import type { HotCall, HotCase } from "./case.ts";

const model = `${import.meta.dir}/../../examples/digits/digits.onnx`;
const image = { data: new Float32Array(64), shape: [1, 1, 8, 8] };

async function scene(make: (runner: ModelRunner) => () => unknown): Promise<HotCall> {
  if (!existsSync(model)) throw new Error(`${model} is missing`);
  const runner = await ModelRunner.load(model);
  return { call: make(runner), close: () => runner.close() };
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
];

import { FastIOContext } from "../../src/fastio/index.ts";
import { ModelRunner } from "../../src/runner/index.ts";
import { type Statistics, summarize } from "../statistics.ts";

export interface InputsParts {
  readonly model: string;
  readonly elements: number;
  /** array: on the JavaScript heap; fastio: shared memory; memcpy: no request, the copy alone. */
  readonly from: "array" | "fastio" | "memcpy";
  readonly samples: number;
}

/** A request with one large input of which the model reads little: what remains is bringing the input to it. */
export async function inputs(parts: InputsParts): Promise<Statistics & { readonly copied: number }> {
  await using runner = await ModelRunner.load(parts.model, {
    expect: { inputs: { x: "float32" }, outputs: { y: "float32" } },
  });
  using context = FastIOContext.open(`bench-${process.pid}`);
  const shared = context.create({ dtype: "float32", shape: [1, parts.elements] });
  shared.map().fill(2);
  const array = new Float32Array(parts.elements).fill(2);
  const target = new Float32Array(parts.elements);
  const before = runner.stats().bytesCopied;
  const times = new Float64Array(parts.samples);
  for (let i = -50; i < parts.samples; i++) {
    const began = performance.now();
    if (parts.from === "memcpy") target.set(array);
    else {
      const { y } = await runner.executeAsync({
        x: parts.from === "array" ? { data: array, shape: [1, parts.elements] } : shared,
      });
      if (y.data[0] !== 2) throw new Error("the input did not arrive");
    }
    if (i >= 0) times[i] = (performance.now() - began) * 1e6;
  }
  const copied = (runner.stats().bytesCopied - before) / (parts.samples + 50);
  shared.release();
  return { ...summarize(times), copied };
}

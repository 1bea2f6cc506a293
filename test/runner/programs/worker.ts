import { ModelRunner } from "../../../src/runner/index.ts";

declare const self: Worker;

interface Order {
  readonly model: string;
  readonly what: "queued" | "blocking" | "loading" | "answer";
  readonly k?: number | undefined;
}

self.onmessage = async ({ data: { model, what, k = 0 } }: MessageEvent<Order>) => {
  if (what === "loading") {
    void ModelRunner.load(model);
    return postMessage("loading");
  }
  const runner = await ModelRunner.load(model);
  if (what === "answer") {
    const { y } = await runner.executeAsync({ x: new Float32Array([0, 0, 0, k]) });
    return postMessage(y!.data[0]);
  }
  const endless = () => ({ x: new Float32Array(1), steps: new BigInt64Array([1_000_000_000n]) });
  for (let i = 0; i < 5; i++) void runner.executeAsync(endless());
  postMessage("running");
  if (what === "blocking") runner.execute(endless());
};

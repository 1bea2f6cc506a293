import { ModelRunner } from "../../../src/runner/index.ts";

declare const self: Worker;

interface Order {
  readonly what: "attach" | "run" | "close" | "endless";
  readonly token?: string;
  readonly from?: number;
  readonly count?: number;
  readonly how?: string;
}

let runner: ModelRunner;

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  if (data.what === "endless") return endless(data.how!);
  postMessage(await answer(data).catch((error: { code: string }) => error.code));
};

async function answer({ what, token, from = 0, count = 0 }: Order): Promise<unknown> {
  if (what === "attach") {
    runner = await ModelRunner.attach(token!);
    return "attached";
  }
  if (what === "close") {
    await runner.close();
    return "closed";
  }
  const wrong = await Promise.all(
    Array.from({ length: count }, async (_, k) => {
      const { y } = await runner.executeAsync({ x: new Float32Array(4).fill(from + k) });
      return y!.data.every((value) => value === 3 * (from + k)) ? 0 : 1;
    }),
  );
  return wrong.reduce<number>((sum, one) => sum + one, 0);
}

function endless(how: string): void {
  const request = () => ({ x: new Float32Array(1), steps: BigInt64Array.of(1_000_000_000n) });
  for (let k = 0; k < 5; k++) void runner.executeAsync(request());
  postMessage("running");
  if (how === "blocking") runner.execute(request());
}

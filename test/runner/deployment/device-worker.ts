import { ModelRunner } from "../../../src/runner/index.ts";
import { rows } from "./popef-models.ts";

interface Given {
  readonly token?: string;
  readonly path?: string;
  readonly stuck?: boolean;
}

self.onmessage = async ({ data }: MessageEvent<Given>) => {
  const { token, path, stuck } = data;
  const config = { timeoutNs: 0, maxLookAhead: stuck ? undefined : "0" };
  const runner = token === undefined ? await ModelRunner.load(path!, config) : await ModelRunner.attach(token);
  const request = runner.executeAsync({ x: rows(4) });
  if (stuck) {
    await Bun.sleep(20);
    return postMessage("stuck");
  }
  postMessage([...(await request)["y"]!.data]);
};

import { DArray } from "../../../src/cuda/darray/index.ts";
import { CudaDevice } from "../../../src/cuda/index.ts";
import { preprocessModel } from "../../../src/popef/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";

/** With a token: one answer of a shared runner. Without: a runner of its own that works without end. */
self.onmessage = async ({ data: { token } }: MessageEvent<{ readonly token?: string }>) => {
  const device = CudaDevice.open(0);
  const stream = device.createStream();
  const image = () => DArray.from(new Uint8Array(2 * 4 * 6 * 3).fill(51), { stream, shape: [2, 4, 6, 3] });
  if (token !== undefined) {
    await using runner = await ModelRunner.attach(token);
    return postMessage([...((await runner.executeAsync({ image: image() }))["images"]!.data as Float32Array)]);
  }
  using model = preprocessModel({ input: { width: 6, height: 4 }, batchSize: 2 });
  const runner = await ModelRunner.load(model, { device });
  for (let answered = 0; ; answered++) {
    await Promise.all([1, 2, 3].map(() => runner.executeAsync({ image: image() })));
    if (answered === 3) postMessage("at work");
  }
};

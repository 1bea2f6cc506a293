import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CudaDevice } from "../../../src/cuda/index.ts";
import { preprocessModel } from "../../../src/popef/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { simulate } from "../../../src/testing/index.ts";

async function worker(given: { readonly token?: string }) {
  const thread = new Worker(join(import.meta.dir, "gpu-worker.ts"));
  const said = new Promise((resolve, reject) => {
    thread.onmessage = ({ data }) => resolve(data);
    thread.onerror = ({ message }) => reject(new Error(message));
  });
  thread.postMessage(given);
  return { thread, said: await said };
}

async function ended(thread: Worker): Promise<void> {
  const closed = new Promise((resolve) => thread.addEventListener("close", resolve));
  thread.terminate();
  await closed;
}

/** Nothing of the simulated GPU is left; what is, after as long as the test may take. */
async function noLeaks(leaks: () => string[]): Promise<void> {
  while (leaks().length > 0) await Bun.sleep(5);
}

describe("a model on a GPU and Workers", () => {
  test("one that attaches gives memory of the GPU by a stream of its own", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      using model = preprocessModel({ input: { width: 6, height: 4 }, batchSize: 2 });
      await using runner = await ModelRunner.load(model, { device, threadSafe: true });
      const { thread, said } = await worker({ token: runner.share() });
      expect(said).toEqual(new Array(2 * 3 * 4 * 6).fill(51));
      await ended(thread);
    }
    await noLeaks(() => sim.leaks());
  });

  test("one that is terminated at work leaves nothing on the GPU", async () => {
    using sim = simulate({ cuda: 1 });
    for (let turn = 0; turn < 3; turn++) {
      const { thread, said } = await worker({});
      expect(said).toBe("at work");
      await ended(thread);
      await noLeaks(() => sim.leaks());
    }
  });
});

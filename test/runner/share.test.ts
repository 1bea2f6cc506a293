import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ModelRunner } from "../../src/runner/index.ts";
import { alive, failure, model } from "./fixture.ts";
import { models } from "./models.ts";

const program = join(import.meta.dir, "programs", "share-worker.ts");

/** A Worker that attaches to a shared model and does what it is told. */
class Attached implements AsyncDisposable {
  readonly #worker = new Worker(program);
  readonly #ended = new Promise<void>((resolve) => this.#worker.addEventListener("close", () => resolve()));

  ask(order: object): Promise<unknown> {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
      this.#worker.postMessage(order);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.terminate();
    await this.#ended;
  }
}

const settled = async (before: ReturnType<typeof alive>) => {
  // The model goes a moment after the last Worker has ended.
  while (JSON.stringify(alive()) !== JSON.stringify(before)) await Bun.sleep(2);
};

test("Workers that attach share one model, and each gets its own answers", async () => {
  const before = alive();
  {
    await using runner = await ModelRunner.load(models.heavy, { batchingDim: 0, threadSafe: true });
    await using one = new Attached();
    await using two = new Attached();
    const token = runner.share();
    expect(runner.share()).toBe(token);
    for (const worker of [one, two]) expect(await worker.ask({ what: "attach", token })).toBe("attached");
    expect(alive().models).toBe(before.models + 1);
    const here = Array.from({ length: 50 }, async (_, k) => {
      const { y } = await runner.executeAsync({ x: new Float32Array(4).fill(k) });
      expect(y!.data).toEqual(new Float32Array(4).fill(3 * k));
    });
    const there = [one, two].map((worker, index) => worker.ask({ what: "run", from: 1000 * (index + 1), count: 50 }));
    expect(await Promise.all(there)).toEqual([0, 0]);
    await Promise.all(here);
    const { rows, batches, completed } = runner.stats();
    expect({ rows, completed }).toEqual({ rows: 150, completed: 50 });
    expect(batches).toBeLessThan(150);
  }
  await settled(before);
});

test("the last one that closes frees the model", async () => {
  const before = alive();
  await using worker = new Attached();
  const runner = await ModelRunner.load(models.rows, { threadSafe: true });
  expect(await worker.ask({ what: "attach", token: runner.share() })).toBe("attached");
  await runner.close();
  expect(alive().models).toBe(before.models + 1);
  expect(await worker.ask({ what: "run", from: 0, count: 10 })).toBe(0);
  expect(await worker.ask({ what: "close" })).toBe("closed");
  expect(alive().models).toBe(before.models);
});

test.each(["queued", "blocking"])(
  "a Worker that is terminated half-way does not stall the others (%s)",
  async (how) => {
    const before = alive();
    {
      await using runner = await ModelRunner.load(model("slow-steps.onnx"), { threadSafe: true });
      {
        await using worker = new Attached();
        expect(await worker.ask({ what: "attach", token: runner.share() })).toBe("attached");
        expect(await worker.ask({ what: "endless", how })).toBe("running");
        await Bun.sleep(10);
      }
      const { y } = await runner.executeAsync({ x: Float32Array.of(5), steps: BigInt64Array.of(1n) });
      expect(y!.data[0]).toBe(5);
      while (runner.stats().queued + runner.stats().running > 0) await Bun.sleep(1);
    }
    await settled(before);
  },
);

describe("attach", () => {
  test("gives the options that the model was loaded with", async () => {
    const config = {
      batchingDim: 0,
      maxBatchSize: 7,
      maxQueueSize: 9,
      queuePolicy: "wait",
      timeoutNs: 5e6,
      isBatchSizeTimeoutEnabled: true,
      validateIoParams: false,
      threadSafe: true,
      requestTracepointsBufferSize: 11,
    } as const;
    await using runner = await ModelRunner.load(models.rows, config);
    await using attached = await ModelRunner.attach(runner.share());
    expect(attached.config()).toEqual({ ...runner.config(), flushCallback: undefined });
    expect(attached.config()).toMatchObject(config);
    expect(attached.getExecuteInputs()).toEqual(runner.getExecuteInputs());
  });

  test("checks what is expected", async () => {
    await using runner = await ModelRunner.load(models.rows, { threadSafe: true });
    const expecting = ModelRunner.attach(runner.share(), { expect: { inputs: { z: "float32" } } });
    await expect(expecting).rejects.toEqual(failure("expectation_failed", '"z"'));
    expect(runner.execute({ x: new Float32Array(4) })["y"]!.shape).toEqual([1, 4]);
  });

  test("is refused without threadSafe, also to another thread", async () => {
    await using runner = await ModelRunner.load(models.rows);
    expect(runner.config().threadSafe).toBe(false);
    await using worker = new Attached();
    expect(await worker.ask({ what: "attach", token: runner.share() })).toBe("wrong_thread");
    await expect(ModelRunner.attach(runner.share())).rejects.toEqual(failure("wrong_thread"));
  });

  test("to a model that has gone, or never was, is refused", async () => {
    const runner = await ModelRunner.load(models.rows, { threadSafe: true });
    const token = runner.share();
    await runner.close();
    for (const gone of [token, "", "x", "y".repeat(1000), 7 as never]) {
      await expect(ModelRunner.attach(gone)).rejects.toEqual(failure("not_found"));
    }
    expect(() => runner.share()).toThrow(failure("closed", "ModelRunner.share") as Error);
  });
});

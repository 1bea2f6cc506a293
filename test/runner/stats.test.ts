import { expect, test } from "bun:test";
import { onLog } from "../../src/native/log.ts";
import { ModelRunner } from "../../src/runner/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { model } from "./fixture.ts";

test("a runner counts what became of its requests and of their bytes", async () => {
  await using runner = await ModelRunner.load(model("gather.onnx"), { maxQueueSize: 2 });
  const ask = (index: bigint, signal?: AbortSignal) =>
    runner.executeAsync({ index: new BigInt64Array([index]) }, { signal }).catch(() => undefined);
  expect(new Set(Object.values(runner.stats()))).toEqual(new Set([0]));
  runner.execute({ index: new BigInt64Array(5) });
  await ask(1n);
  await ask(9n);
  const controller = new AbortController();
  const three = [ask(1n, controller.signal), ask(2n), ask(3n)];
  expect(runner.stats().pending).toBe(2);
  controller.abort();
  await Promise.all(three);
  while (runner.stats().pending > 0) await Bun.sleep(1);
  using memory = new TensorMemory(24);
  runner.execute({ index: memory.getView().as("int64") });
  const { rows, batches, ...counts } = runner.stats();
  // What was given up may have begun.
  expect([5, 6]).toContain(rows);
  expect(batches).toBe(rows);
  expect(counts).toEqual({
    completed: 4,
    failed: 1,
    aborted: 1,
    expired: 0,
    rejected: 1,
    pending: 0,
    queued: 0,
    running: 0,
    paddingRows: 0,
    bytesCopied: (5 + 1 + 1 + 1 + 1) * 8,
    bytesReferenced: 24,
  });
});

test("the engine that was found is logged with its version and its path", async () => {
  const lines: string[] = [];
  const stop = onLog(({ message }) => lines.push(message));
  await using _runner = await ModelRunner.load(model("batch.onnx"));
  stop();
  expect(lines).toContainEqual(expect.stringMatching(/^ONNX Runtime 1\.\d+\.\d+: \/.*libonnxruntime\S*$/));
});

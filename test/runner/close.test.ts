import { describe, expect, test } from "bun:test";
import { ModelRunner } from "../../src/runner/index.ts";
import { alive, failure, model } from "./fixture.ts";

const x = new Float32Array(4);

test("a closed runner says so", async () => {
  const runner = await ModelRunner.load(model("batch.onnx"));
  await runner.close();
  await runner.close();
  expect(() => runner.execute({ x })).toThrow(failure("closed", "ModelRunner.execute") as Error);
  await expect(runner.executeAsync({ x })).rejects.toEqual(failure("closed", "ModelRunner.executeAsync"));
  expect(runner.getExecuteInputs()).toHaveLength(1);
});

test("close answers what is under way and refuses what comes later", async () => {
  const runner = await ModelRunner.load(model("slow-steps.onnx"));
  const ask = (k: number) => runner.executeAsync({ x: new Float32Array([k]), steps: new BigInt64Array([3n]) });
  const under = [1, 2, 3].map(ask);
  const closing = runner.close();
  await expect(ask(4)).rejects.toEqual(failure("closed"));
  expect((await Promise.all(under)).map(({ y }) => y!.data[0])).toEqual([1, 2, 3]);
  await closing;
});

describe("after close nothing native is left", () => {
  const uses: [what: string, use: (runner: ModelRunner) => unknown][] = [
    ["of a runner that was never used", () => undefined],
    ["after a blocking run", (runner) => runner.execute({ x })],
    [
      "after 64 requests at once",
      (runner) => Promise.all(Array.from({ length: 64 }, () => runner.executeAsync({ x }))),
    ],
    ["with requests under way", (runner) => void Array.from({ length: 10 }, () => runner.executeAsync({ x }))],
    ["after refused requests", (runner) => runner.executeAsync({ x: new Int8Array(4) }).catch(() => {})],
    ["after large answers", (runner) => void runner.execute({ x: new Float32Array(400_000) })],
  ];
  test.each(uses)("%s", async (_, use) => {
    const before = alive();
    const runner = await ModelRunner.load(model("batch.onnx"));
    await use(runner);
    await runner.close();
    expect(alive()).toEqual(before);
  });
});

test("models come and go without growth", async () => {
  const before = alive();
  for (let round = 0; round < 20; round++) {
    await using runner = await ModelRunner.load(model(round % 2 === 0 ? "batch.onnx" : "several.onnx"));
    if (round % 2 === 0) runner.execute({ x });
  }
  expect(alive()).toEqual(before);
});

import { describe, expect, test } from "bun:test";
import { ModelRunner } from "../../src/runner/index.ts";
import { failure } from "./fixture.ts";
import { models } from "./models.ts";

const x = () => new Float32Array(4).fill(2);

describe("validateIoParams", () => {
  test("is on by default: names and element types are checked", async () => {
    await using runner = await ModelRunner.load(models.rows);
    expect(runner.config().validateIoParams).toBe(true);
    expect(() => runner.execute({ x: x(), z: x() })).toThrow(failure("unknown_input", '"z"') as Error);
    expect(() => runner.execute({ x: new Int32Array(x().buffer) })).toThrow(failure("wrong_dtype", '"x"') as Error);
  });

  test("off ignores unknown names and takes arrays as bytes, but no wrong sizes", async () => {
    await using runner = await ModelRunner.load(models.rows, { validateIoParams: false });
    expect(runner.execute({ x: x(), z: x() })["y"]!.data).toEqual(new Float32Array(4).fill(6));
    expect(runner.execute({ x: new Int32Array(x().buffer) })["y"]!.data).toEqual(new Float32Array(4).fill(6));
    expect(() => runner.execute({ x: new Float32Array(3) })).toThrow(failure("wrong_shape") as Error);
    expect(() => runner.execute({})).toThrow(failure("missing_input", '"x"') as Error);
  });

  test.each([1, "true", null])("of %p is refused", async (validateIoParams) => {
    const refused = ModelRunner.load(models.rows, { validateIoParams: validateIoParams as never });
    await expect(refused).rejects.toEqual(failure("invalid_argument", "validateIoParams"));
  });
});

test("config gives every option, defaults filled in", async () => {
  await using runner = await ModelRunner.load(models.rows);
  expect(runner.config()).toEqual({
    replicationFactor: 1,
    batchingDim: undefined,
    maxBatchSize: 64,
    maxQueueSize: 1000,
    queuePolicy: "reject",
    ringBufferSizeMultiplier: 2,
    timeoutNs: undefined,
    isBatchSizeTimeoutEnabled: false,
    batchSizeTimeoutNs: Number.POSITIVE_INFINITY,
    dataParallelTimeoutNs: Number.POSITIVE_INFINITY,
    flushOnWaitingOutputs: false,
    flushCallback: undefined,
    validateIoParams: true,
    threadSafe: false,
    requestTracepointsBufferSize: 1000,
    threads: 0,
    checkPackageHash: true,
    runSavePrograms: false,
    autoReset: false,
    maxLookAhead: "unlimited",
    frozenInputs: undefined,
    replicaToDevice: undefined,
    replicaToSaveProgramsOutputs: undefined,
    deviceWaitConfig: undefined,
  });
  expect(Object.isFrozen(runner.config())).toBe(true);
});

test("getModelInputs and getModelOutputs say what an ONNX model takes and gives", async () => {
  await using runner = await ModelRunner.load(models.pair);
  expect(runner.getModelInputs().map(({ name }) => name)).toEqual(["a", "b"]);
  expect(runner.getModelOutputs().map(({ name }) => name)).toEqual(["sum", "difference"]);
});

describe("executeAsyncPerOutput", () => {
  const inputs = { a: new Float32Array(2).fill(5), b: new Float32Array(2).fill(1) };

  test("gives a promise for each output", async () => {
    await using runner = await ModelRunner.load(models.pair, { batchingDim: 0 });
    const promises = runner.executeAsyncPerOutput(inputs);
    expect(Object.keys(promises)).toEqual(["sum", "difference"]);
    expect((await promises["sum"])!.data).toEqual(new Float32Array([6, 6]));
    expect((await promises["difference"])!.data).toEqual(new Float32Array([4, 4]));
  });

  test("fills the caller's memory", async () => {
    await using runner = await ModelRunner.load(models.pair);
    const sum = new Float32Array(2);
    const promises = runner.executeAsyncPerOutput(inputs, { outputs: { sum: { data: sum, shape: [1, 2] } } });
    expect((await promises["sum"])!.data.buffer).toBe(sum.buffer);
    expect(sum).toEqual(new Float32Array([6, 6]));
  });

  test("rejects each, and leaves no rejection to the process", async () => {
    await using runner = await ModelRunner.load(models.pair);
    const promises = runner.executeAsyncPerOutput({ a: inputs.a });
    await expect(promises["difference"]).rejects.toEqual(failure("missing_input", '"b"'));
    await Bun.sleep(1);
  });
});

describe("warmup", () => {
  test("runs each replica as often as asked, once by default", async () => {
    await using runner = await ModelRunner.load(models.compiled, { batchingDim: 0, replicationFactor: 2 });
    await runner.warmup();
    expect(runner.stats()).toMatchObject({ completed: 2, batches: 2 });
    await runner.warmup({ requests: 3 });
    const counts = [0, 1].map((replicaId) => runner.getMonitoringStatisticsTotalCount({ replicaId }).requestDurationUs);
    expect(counts).toEqual([4, 4]);
  });

  test("is refused with no requests, and when closed", async () => {
    const runner = await ModelRunner.load(models.rows);
    await expect(runner.warmup({ requests: 0 })).rejects.toEqual(failure("invalid_argument", "requests"));
    await runner.close();
    await expect(runner.warmup()).rejects.toEqual(failure("closed", "warmup"));
  });
});

test("memory does not grow with the number of requests", async () => {
  await using runner = await ModelRunner.load(models.rows, { batchingDim: 0 });
  const inputs = { x: x() };
  const round = async () => {
    for (let k = 0; k < 100; k++) await Promise.all(Array.from({ length: 64 }, () => runner.executeAsync(inputs)));
    Bun.gc(true);
    return process.memoryUsage().rss;
  };
  for (let warm = 0; warm < 3; warm++) await round();
  const before = await round();
  for (let k = 0; k < 10; k++) await round();
  // 64,000 requests: one that left 100 bytes each would show.
  expect((await round()) - before).toBeLessThan(6_000_000);
}, 30_000);

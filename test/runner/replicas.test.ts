import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelRunner } from "../../src/runner/index.ts";
import { writeModel } from "../fixtures/onnx.ts";
import { alive, failure, model } from "./fixture.ts";

const ports = { expect: { inputs: { x: "float32", steps: "int64" }, outputs: { y: "float32" } } } as const;
const load = (config: { replicationFactor?: number; requestTracepointsBufferSize?: number } = {}) =>
  ModelRunner.load(model("slow-steps.onnx"), { ...ports, ...config });
const steps = (k: number, count: number | bigint) => ({
  x: new Float32Array([k]),
  steps: new BigInt64Array([BigInt(count)]),
});
const endless = 1_000_000_000n;
const outcome = (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);
/** How many requests a replica has answered. */
const answered = (runner: ModelRunner<typeof ports.expect>, replicaId: number) =>
  runner.getMonitoringStatisticsTotalCount({ replicaId }).requestDurationUs;

test("each replica runs a request of its own", async () => {
  await using runner = await load({ replicationFactor: 3 });
  const controller = new AbortController();
  const { signal } = controller;
  const stuck = [0, 1].map((k) => outcome(runner.executeAsync(steps(k, endless), { signal })));
  for (let k = 0; k < 5; k++) expect((await runner.executeAsync(steps(k, 0))).y.data[0]).toBe(k);
  controller.abort("enough");
  expect(await Promise.all(stuck)).toEqual(["enough", "enough"]);
});

test("with one replica, the default, a second request waits for the first", async () => {
  await using runner = await load();
  expect(runner.config().replicationFactor).toBe(1);
  const controller = new AbortController();
  const stuck = outcome(runner.executeAsync(steps(0, endless), { signal: controller.signal }));
  await expect(runner.executeAsync(steps(1, 0), { deadlineMs: 30 })).rejects.toEqual(failure("deadline"));
  controller.abort("enough");
  expect(await stuck).toBe("enough");
});

test("the replica with the fewest requests takes the next one", async () => {
  await using runner = await load({ replicationFactor: 2 });
  const controller = new AbortController();
  const { signal } = controller;
  const stuck = [0, 1, 2].map((k) => outcome(runner.executeAsync(steps(k, endless), { signal, replicaId: 0 })));
  await Promise.all([1, 2, 3].map((k) => runner.executeAsync(steps(k, 0))));
  expect(answered(runner, 1)).toBe(3);
  controller.abort("enough");
  await Promise.all(stuck);
});

test("replicas of one engine thread each have one copy of the weights", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-weights-"));
  const width = 2048;
  const path = writeModel(join(folder, "weights.onnx"), {
    inputs: [{ name: "x", shape: ["batch", width] }],
    outputs: [{ name: "y", shape: ["batch", width] }],
    nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    weights: [{ name: "w", shape: [width, width], data: new Float32Array(width * width).fill(1) }],
  });
  const x = new Float32Array(width).fill(1);
  const load = (replicationFactor: number) =>
    ModelRunner.load(path, {
      expect: { inputs: { x: "float32" }, outputs: { y: "float32" } },
      replicationFactor,
      engine: { threads: 1 },
    });
  // The engine's own memory, and what loading takes for a while, are there before.
  await using one = await load(1);
  expect(one.execute({ x }).y.data[0]).toBe(width);
  const before = process.memoryUsage.rss();
  const replicas = 8;
  await using many = await load(replicas);
  rmSync(folder, { recursive: true });
  for (let replicaId = 0; replicaId < replicas; replicaId++)
    expect(many.execute({ x }, { replicaId }).y.data[0]).toBe(width);
  // Loading takes three times the weights, for each that loads: 50 MiB, where eight would take 400.
  expect(process.memoryUsage.rss() - before).toBeLessThan(replicas * width * width * 4);
});

test("replicaId pins a request, blocking or not", async () => {
  await using runner = await load({ replicationFactor: 3 });
  for (let k = 0; k < 4; k++) await runner.executeAsync(steps(k, 0), { replicaId: 2 });
  for (let k = 0; k < 3; k++) runner.execute(steps(k, 0), { replicaId: 1 });
  expect([0, 1, 2].map((id) => answered(runner, id))).toEqual([0, 3, 4]);
});

test("requests pinned to one replica end in the order submitted", async () => {
  await using runner = await load({ replicationFactor: 2 });
  const ended: number[] = [];
  await Promise.all(
    [5, 0, 3, 0, 1].map((count, id) =>
      runner.executeAsync(steps(id, count), { replicaId: 1 }).then(() => ended.push(id)),
    ),
  );
  expect(ended).toEqual([0, 1, 2, 3, 4]);
});

describe("a replicaId", () => {
  test.each([-1, 2, 0.5, Number.NaN, "0"])("of %p is refused when there are two", async (replicaId) => {
    await using runner = await load({ replicationFactor: 2 });
    const options = { replicaId: replicaId as number };
    expect(() => runner.execute(steps(0, 0), options)).toThrow(failure("invalid_argument", "replicaId") as Error);
    await expect(runner.executeAsync(steps(0, 0), options)).rejects.toEqual(failure("invalid_argument", "replicaId"));
    expect(() => runner.getTimeTrace(options)).toThrow(failure("invalid_argument", "replicaId") as Error);
  });
});

test.each([0, 257, 1.5, "2"])("a replicationFactor of %p is refused", async (replicationFactor) => {
  const refused = load({ replicationFactor: replicationFactor as number });
  await expect(refused).rejects.toEqual(failure("invalid_argument", "replicationFactor"));
});

test("replicas come and go without growth, also when the model cannot be loaded", async () => {
  const before = alive();
  for (let round = 0; round < 5; round++) {
    await using runner = await load({ replicationFactor: 4 });
    await Promise.all([1, 2, 3, 4, 5].map((k) => runner.executeAsync(steps(k, 1))));
    await outcome(ModelRunner.load(model("truncated.onnx"), { replicationFactor: 4 }));
  }
  while (JSON.stringify(alive()) !== JSON.stringify(before)) await Bun.sleep(1);
});

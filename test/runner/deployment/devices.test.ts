import { describe, expect, test } from "bun:test";
import { DeviceManager } from "../../../src/device/index.ts";
import { onLog } from "../../../src/native/log.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { Session } from "../../../src/session/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { copyModel } from "../../session/copy-model.ts";
import { failure } from "../fixture.ts";
import { compile, popefFile, product, rows, weighted } from "./popef-models.ts";

const manager = new DeviceManager();
const answers = async (runner: ModelRunner, replicaId?: number) => {
  expect((await runner.executeAsync({ x: rows(4) }, { replicaId }))["y"]!.data).toEqual(product(rows(4)));
};

describe("a runner's devices", () => {
  test("are the system's IPUs, one for each replica, until it is closed", async () => {
    using sim = simulate({ ipus: 2 });
    {
      await using runner = await ModelRunner.load(await popefFile(), { replicationFactor: 2 });
      expect([0, 1].map((id) => manager.tryGetSpecificDevice(id))).toEqual([undefined, undefined]);
      expect(sim.leaks()).toEqual([]);
      for (const replicaId of [0, 1]) await answers(runner, replicaId);
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("have as many IPUs as the model needs", async () => {
    using _sim = simulate({ ipus: 2 });
    using model = await compile({ numIpus: 2 });
    await using runner = await ModelRunner.load(model);
    expect(manager.tryGetDevice(1)).toBeUndefined();
    await answers(runner);
  });

  test("that are not to be had are an error, and those that were got are given back", async () => {
    using sim = simulate({ ipus: 2 });
    const controller = new AbortController();
    const given = { replicationFactor: 3, signal: controller.signal };
    const timer = setTimeout(() => controller.abort(), 2000);
    await expect(ModelRunner.load(await popefFile(), given)).rejects.toEqual(failure("device_unavailable"));
    clearTimeout(timer);
    expect(sim.leaks()).toEqual([]);
  });

  test("are waited for as deviceWaitConfig says", async () => {
    using _sim = simulate({ ipus: 1 });
    const held = manager.getDevice(1);
    const deviceWaitConfig = { strategy: "waitWithTimeout", timeoutMs: 10_000, sleepTimeMs: 10 } as const;
    const loading = ModelRunner.load(await popefFile(), { deviceWaitConfig });
    await Bun.sleep(30);
    held.close();
    await using runner = await loading;
    await answers(runner);
  });

  test("are not waited for once the signal has aborted", async () => {
    using sim = simulate({ ipus: 1 });
    using _held = manager.getDevice(1);
    const controller = new AbortController();
    const deviceWaitConfig = { strategy: "waitForever", sleepTimeMs: 10 } as const;
    const loading = ModelRunner.load(await popefFile(), { deviceWaitConfig, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("no longer")), 30);
    await expect(loading).rejects.toThrow("no longer");
    expect(sim.leaks()).toEqual(["1 attached device"]);
  });

  test("are those that replicaToDevice names, which stay the caller's", async () => {
    using sim = simulate({ ipus: 3 });
    using named = manager.getSpecificDevice(2);
    {
      await using runner = await ModelRunner.load(await popefFile(), {
        replicationFactor: 2,
        replicaToDevice: { 1: named },
      });
      expect(manager.tryGetSpecificDevice(0)).toBeUndefined();
      for (const replicaId of [0, 1]) await answers(runner, replicaId);
      sim.ipu.fail({ atSync: 1, device: 2, error: "unrecoverable" });
      await answers(runner, 0);
      await expect(runner.executeAsync({ x: rows(4) }, { replicaId: 1 })).rejects.toEqual(
        failure("device_unrecoverable"),
      );
    }
    expect(sim.leaks()).toEqual(["1 attached device"]);
  });

  test("may be the processor and models of IPUs, side by side", async () => {
    using cpu = manager.createCpuDevice();
    using small = manager.createSmallIpuModelDevice(1);
    const config = { replicationFactor: 2, replicaToDevice: { 0: cpu, 1: small } };
    await using runner = await ModelRunner.load(await popefFile(), config);
    for (const replicaId of [0, 1]) await answers(runner, replicaId);
  });

  test("are nobody else's meanwhile: another session that wants one is told that it is busy", async () => {
    using cpu = manager.createCpuDevice();
    using model = manager.createSmallIpuModelDevice(1);
    {
      const config = { replicationFactor: 2, replicaToDevice: { 0: cpu, 1: model } };
      await using runner = await ModelRunner.load(await popefFile(), config);
      using other = copyModel();
      await using session = new Session(other);
      expect(() => session.bindToDevice(model)).toThrow(failure("busy", "model runner") as Error);
      await answers(runner, 1);
    }
  });

  test("of replicas that there are not are refused", async () => {
    using cpu = manager.createCpuDevice();
    const loading = ModelRunner.load(await popefFile(), { replicaToDevice: { 1: cpu } });
    await expect(loading).rejects.toEqual(failure("invalid_argument", "replica 1 of 1"));
  });

  test("are named in the log", async () => {
    const lines: string[] = [];
    using model = await compile({ name: "told" });
    const stop = onLog(({ message }) => void lines.push(message));
    {
      await using _runner = await ModelRunner.load(model);
      using _sim = simulate({ ipus: 2 });
      await using _other = await ModelRunner.load(model, { replicationFactor: 2 });
    }
    stop();
    expect(lines.filter((line) => line.includes("told"))).toEqual([
      "model told runs on the CPU: the system has no IPU",
      "model told runs on ipu 0, ipu 1",
    ]);
  });
});

describe("an ONNX model", () => {
  test("runs on the processor, whatever the system has", async () => {
    using sim = simulate({ ipus: 1 });
    await using runner = await ModelRunner.load(weighted);
    await answers(runner);
    expect(sim.leaks()).toEqual([]);
  });

  test("runs on the IPU that replicaToDevice names: it is compiled for it", async () => {
    using sim = simulate({ ipus: 1 });
    using device = manager.getDevice(1);
    {
      const config = { batchingDim: 0, maxBatchSize: 8, replicaToDevice: { 0: device } };
      await using runner = await ModelRunner.load(weighted, config);
      expect(runner.getExecuteInputs()[0]!.shape).toEqual([8, 4]);
      await answers(runner);
    }
    expect(sim.leaks()).toEqual(["1 attached device"]);
  });
});

describe("a program that does more than run the graph", () => {
  test("runs on the processor as its steps say", async () => {
    using model = copyModel({ iterations: 3 });
    await using runner = await ModelRunner.load(model, { timeoutNs: 1e6 });
    const all = [0, 1, 2, 3].map((first) => runner.executeAsync({ image: Float32Array.of(first, 1, 2, 3) }));
    for (const [first, { echo }] of (await Promise.all(all)).entries())
      expect(echo!.data).toEqual(Float32Array.of(first, 1, 2, 3));
    expect(runner.execute({ image: new Float32Array(4).fill(9) })["echo"]!.data).toEqual(new Float32Array(4).fill(9));
  });

  test("gets a feed of the model's own from there, and no request has it", async () => {
    using model = copyModel({
      feed: [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
    });
    await using runner = await ModelRunner.load(model);
    expect(runner.getExecuteInputs()).toEqual([]);
    const echoes = [1, 2, 3].map(() => [...runner.execute({})["echo"]!.data]);
    expect(echoes).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [1, 2, 3, 4],
    ]);
  });
});

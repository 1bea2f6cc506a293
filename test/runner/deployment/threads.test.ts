import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ModelRunner } from "../../../src/runner/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { alive, failure } from "../fixture.ts";
import { compile, popefFile, product, rows } from "./popef-models.ts";

/** A Worker that loads `path` or attaches to a token, leaves a request stuck or answers `rows(4)`. */
async function worker(given: object): Promise<{ thread: Worker; said: unknown }> {
  const thread = new Worker(join(import.meta.dir, "device-worker.ts"));
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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

describe("a model on devices", () => {
  test("is shared by Workers that attach, and says so to whoever closes it and wants to save", async () => {
    using sim = simulate({ ipus: 1 });
    const config = { threadSafe: true, batchingDim: 0, timeoutNs: 1e6, runSavePrograms: true };
    const runner = await ModelRunner.load(await popefFile(), config);
    const { thread, said } = await worker({ token: runner.share() });
    expect(said).toEqual([...product(rows(4))]);
    expect((await runner.executeAsync({ x: rows(1) }))["y"]!.data).toEqual(product(rows(1)));
    await expect(runner.close()).rejects.toEqual(failure("busy", "model runner"));
    await ended(thread);
    await until(() => sim.leaks().length === 0);
  });

  test("goes with the Worker that loaded it, however it was waiting", async () => {
    using sim = simulate({ ipus: 1 });
    const path = await popefFile({ deviceIterations: 2 });
    const before = alive();
    for (const stuck of [true, false]) {
      const { thread } = await worker({ path, stuck });
      expect(sim.leaks()[0]).toBe("1 attached device");
      await ended(thread);
      await until(() => sim.leaks().length === 0);
    }
    await until(() => alive().handles === before.handles && alive().models === before.models);
  });

  test("uses no processor while nobody asks, also inside a program that waits for rows", async () => {
    using _sim = simulate({ ipus: 1 });
    using model = await compile({ deviceIterations: 2 });
    await using runner = await ModelRunner.load(model, { timeoutNs: 0, maxLookAhead: "0" });
    await runner.executeAsync({ x: rows(4) });
    await Bun.sleep(50);
    const began = process.cpuUsage();
    await Bun.sleep(500);
    const { user, system } = process.cpuUsage(began);
    expect(user + system).toBeLessThan(250_000);
  });
});

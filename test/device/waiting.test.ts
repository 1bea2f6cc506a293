import { expect, test } from "bun:test";
import { join } from "node:path";
import { DeviceManager } from "../../src/device/index.ts";
import { simulate } from "../../src/testing/index.ts";

const manager = new DeviceManager();
const wait = { strategy: "waitForever", sleepTimeMs: 5 } as const;

/** A Worker that waits for the one IPU with a blocking call. */
async function startWaiting(sleepMs: number) {
  const worker = new Worker(join(import.meta.dir, "programs/waiting-worker.ts"), {
    env: { ...process.env, SLEEP_MS: String(sleepMs) } as Record<string, string>,
  });
  const said = async () =>
    new Promise<string>((resolve) => worker.addEventListener("message", ({ data }) => resolve(data), { once: true }));
  expect(await said()).toBe("waiting");
  return { worker, said, closed: new Promise((resolve) => worker.addEventListener("close", resolve)) };
}

test("a blocking wait in a Worker gets the device that this thread gives back", async () => {
  using _sim = simulate({ ipus: 1 });
  const device = manager.getDevice(1);
  const { worker, said, closed } = await startWaiting(5);
  const got = said();
  await Bun.sleep(20);
  device.close();
  expect(await got).toBe("got 0");
  expect(manager.tryGetDevice(1)).toBeUndefined();
  worker.terminate();
  await closed;
  // What a Worker has is given back when its heap is torn down.
  using _again = await manager.getDeviceAsync(1, { wait });
});

test("a Worker that is terminated in a blocking wait ends, and gets nothing any more", async () => {
  using sim = simulate({ ipus: 1 });
  const device = manager.getDevice(1);
  const { worker, closed } = await startWaiting(3_600_000);
  worker.terminate();
  await closed;
  device.close();
  using _device = manager.getDevice(1);
  expect(sim.leaks()).toEqual(["1 attached device"]);
});

test("an asynchronous wait leaves the event loop alone, and gets the device that is given back", async () => {
  using _sim = simulate({ ipus: 1 });
  const device = manager.getDevice(1);
  const waiting = manager.getDeviceAsync(1, { wait });
  let turns = 0;
  while (turns < 10) {
    await Bun.sleep(1);
    turns++;
  }
  device.close();
  using got = await waiting;
  expect(got.id).toBe(0);
});

test("an asynchronous wait that is aborted rejects with the signal's reason and gets nothing", async () => {
  using sim = simulate({ ipus: 1 });
  const device = manager.getDevice(1);
  const long = { strategy: "waitWithTimeout", timeoutMs: 2_000, sleepTimeMs: 2_000 } as const;
  const abort = new AbortController();
  const waits = [
    manager.getDeviceAsync(1, { wait: long, signal: abort.signal }),
    manager.tryGetDeviceAsync(1, { wait: long, signal: abort.signal }),
    manager.getSpecificDeviceAsync(0, { wait: long, signal: abort.signal }),
    manager.tryGetSpecificDeviceAsync(0, { wait: long, signal: abort.signal }),
  ];
  const settled = Promise.allSettled(waits);
  await Bun.sleep(20);
  const reason = new Error("enough");
  abort.abort(reason);
  expect(await settled).toEqual(waits.map(() => ({ status: "rejected", reason })));
  device.close();
  expect(sim.leaks()).toEqual([]);
});

test("a signal that was aborted before keeps the call from trying", async () => {
  using sim = simulate({ ipus: 1 });
  await expect(manager.getDeviceAsync(1, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  expect(sim.leaks()).toEqual([]);
});

test("an attempt under way when the signal comes gives its device back", async () => {
  using sim = simulate({ ipus: 1 });
  for (let round = 0; round < 20; round++) {
    const abort = new AbortController();
    const getting = manager.getDeviceAsync(1, { signal: abort.signal });
    abort.abort("no");
    await expect(getting).rejects.toBe("no");
  }
  using _device = await manager.getDeviceAsync(1, { wait });
  expect(sim.leaks()).toEqual(["1 attached device"]);
});

test("what is no signal is refused", async () => {
  using _sim = simulate({ ipus: 1 });
  const signal = {} as AbortSignal;
  await expect(manager.getDeviceAsync(1, { signal })).rejects.toMatchObject({ code: "invalid_argument" });
});

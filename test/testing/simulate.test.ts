import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { DeviceManager } from "../../src/device/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { copyPlan } from "../device/plans.ts";
import { ShimEngine } from "../device/shim.ts";

const manager = new DeviceManager();

test("a simulation lasts as long as its block, and there is no IPU afterwards", () => {
  {
    using _sim = simulate({ ipus: 2, ipuVersion: 21, tilesPerIpu: 8, remoteBuffers: false });
    expect(manager.devices().map(({ id, numIpus }) => [id, numIpus])).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
    ]);
    expect(manager.devices()[0]).toMatchObject({ ipuVersion: 21, tilesPerIpu: 8, supportsRemoteBuffers: false });
  }
  expect(manager.devices()).toEqual([]);
  using _again = simulate({ ipus: 1 });
  expect(manager.devices()).toMatchObject([{ ipuVersion: 2, tilesPerIpu: 1472, supportsRemoteBuffers: true }]);
});

test("one simulation at a time: a second is an error and leaves the first alone", () => {
  using _sim = simulate({ ipus: 3 });
  expect(() => simulate({ ipus: 1 })).toThrow(expect.objectContaining({ code: "simulation_active" }));
  expect(manager.devices().length).toBe(4);
});

test("closing twice is fine, and what a closed simulation is asked is an error", () => {
  const sim = simulate({ ipus: 1 });
  sim.close();
  sim.close();
  const closed = expect.objectContaining({ code: expect.stringMatching(/^(closed|stale_handle|invalid_argument)$/) });
  expect(() => sim.leaks()).toThrow(closed);
  expect(() => sim.ipu.fail({ atSync: 1, error: "unknown" })).toThrow(closed);
});

test("leaks names what is open, and nothing when all is closed", () => {
  using sim = simulate({ ipus: 2 });
  const before = readdirSync("/dev/shm");
  const device = manager.getDevice(2);
  const model = manager.createSmallIpuModelDevice(1);
  const engine = new ShimEngine(copyPlan());
  expect(sim.leaks()).toEqual(["1 attached device", "1 IPU model", "1 executable", "1 engine"]);
  expect(readdirSync("/dev/shm")).toEqual(before);
  engine[Symbol.dispose]();
  model.close();
  device.close();
  expect(sim.leaks()).toEqual([]);
});

test("a device that outlives its simulation keeps its IPUs, and says so to the next of that name", () => {
  const first = simulate({ ipus: 1, system: "outlived" });
  const device = manager.getDevice(1);
  first.close();
  expect(device.attached).toBe(true);
  using second = simulate({ ipus: 1, system: "outlived" });
  expect(second.leaks()).toEqual([]);
  expect(manager.tryGetDevice(1)).toBeUndefined();
  device.close();
  using _now = manager.getDevice(1);
});

test("a simulation ends with the Worker that began it", async () => {
  const worker = new Worker(new URL("simulating-worker.ts", import.meta.url));
  await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
  // Simulations are the process's, not the thread's.
  expect(manager.devices().length).toBe(7);
  expect(() => simulate({ ipus: 1 })).toThrow(expect.objectContaining({ code: "simulation_active" }));
  worker.terminate();
  // The Worker's heap is torn down after Bun has reported its exit.
  // Meanwhile the system may go in the middle of a listing.
  for (let turn = 0; turn < 5000 && manager.devices().length > 0; turn++) {
    for (let time = 0; time < 50; time++) manager.devices();
    await Bun.sleep(1);
  }
  expect(manager.devices()).toEqual([]);
});

const mistakes: [string, Parameters<typeof simulate>[0]][] = [
  ["no IPU", { ipus: 0 }],
  ["65 IPUs", { ipus: 65 }],
  ["half an IPU", { ipus: 0.5 }],
  ["nothing", undefined as never],
  ["an architecture that there is not", { ipus: 1, ipuVersion: 3 }],
  ["the architecture 0", { ipus: 1, ipuVersion: 0 }],
  ["a negative number of tiles", { ipus: 1, tilesPerIpu: -1 }],
  ["a name with a slash", { ipus: 1, system: "a/b" }],
  ["an empty name", { ipus: 1, system: "" }],
  ["a long name", { ipus: 1, system: "a".repeat(49) }],
];
test.each(mistakes)("%s cannot be simulated", (_, options) => {
  expect(() => simulate(options)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  expect(manager.devices()).toEqual([]);
});

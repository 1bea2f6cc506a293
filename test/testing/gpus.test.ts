import { afterEach, describe, expect, test } from "bun:test";
import { CudaDevice } from "../../src/cuda/index.ts";
import { GpuFault, type GpuFaultPlan, type GpuSystem, simulate } from "../../src/testing/index.ts";

const invalid = expect.objectContaining({ code: "invalid_argument" });

describe("simulated GPUs", () => {
  test("are there as long as the simulation, as many as it says, and what it says", () => {
    {
      using _sim = simulate({ cuda: { devices: 2, name: "Test GPU", memoryBytes: 2 ** 28, computeCapability: "7.5" } });
      expect(CudaDevice.count()).toBe(2);
      using device = CudaDevice.open(1);
      expect(device).toMatchObject({ ordinal: 1, name: "Test GPU", totalMemory: 2 ** 28 });
      expect(device.attributes).toMatchObject({ computeCapabilityMajor: 7, computeCapabilityMinor: 5 });
    }
    using _none = simulate({ cuda: 0 });
    expect(() => CudaDevice.open(0)).toThrow(expect.objectContaining({ code: "cuda_missing" }));
  });

  test("are there beside simulated IPUs, and either is asked for by its own name", () => {
    using both = simulate({ ipus: 1, cuda: 1 });
    expect(CudaDevice.count()).toBe(1);
    both.ipu.repair();
    both.cuda.repair();
    expect(both.leaks()).toEqual([]);
  });

  test("are not there unless they are asked for", () => {
    using sim = simulate({ ipus: 1 });
    expect(() => sim.cuda).toThrow(invalid);
    using gpus = simulate({ cuda: 1 });
    expect(() => gpus.ipu).toThrow(invalid);
  });

  test("are simulated once at a time, and an attempt at more takes nothing with it", () => {
    using _sim = simulate({ cuda: 1 });
    const active = expect.objectContaining({ code: "simulation_active" });
    expect(() => simulate({ cuda: 1 })).toThrow(active);
    expect(() => simulate({ ipus: 1, cuda: 1 })).toThrow(active);
    using _ipus = simulate({ ipus: 1 });
  });

  test("go with the Worker that began the simulation", async () => {
    const worker = new Worker(new URL("simulating-worker.ts", import.meta.url));
    await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
    expect(CudaDevice.count()).toBe(2);
    worker.terminate();
    // The Worker's heap is torn down after Bun has reported its exit.
    const began = () => {
      try {
        simulate({ cuda: 1 }).close();
        return true;
      } catch {
        return false;
      }
    };
    for (let turn = 0; turn < 500 && !began(); turn++) await Bun.sleep(10);
    using _sim = simulate({ cuda: 1 });
    expect(CudaDevice.count()).toBe(1);
  });

  test("keep what is written to them", () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open();
      using stream = device.createStream();
      using memory = device.allocate(64);
      stream.upload(
        memory,
        Uint8Array.from({ length: 64 }, (_, index) => index),
      );
      expect([...stream.download(memory)].slice(60)).toEqual([60, 61, 62, 63]);
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("name what was left open", () => {
    using sim = simulate({ cuda: 1 });
    using device = CudaDevice.open();
    const memory = device.allocate(1000);
    expect(sim.leaks()).toContain("1 allocation of device memory");
    expect(sim.leaks()).toContain("1000 bytes of device memory");
    memory.close();
    expect(sim.leaks().join()).not.toContain("memory");
  });
});

describe("a plan", () => {
  test("fails the call it is about, and no other", () => {
    using sim = simulate({ cuda: 1 });
    using device = CudaDevice.open();
    sim.cuda.fail({ call: "cuMemAlloc", at: 2, error: "notPermitted", message: "somebody took it" });
    using _first = device.allocate(64);
    expect(() => device.allocate(64)).toThrow(
      expect.objectContaining({ code: "cuda_error", message: expect.stringContaining("somebody took it") }),
    );
    using _third = device.allocate(64);
    expect(sim.cuda.calls("cuMemAlloc")).toBe(3);
  });

  const sticky: [GpuFault, string][] = [
    ["illegalAddress", "CUDA_ERROR_ILLEGAL_ADDRESS"],
    ["launchTimeout", "CUDA_ERROR_LAUNCH_TIMEOUT"],
    ["launchFailed", "CUDA_ERROR_LAUNCH_FAILED"],
    ["deviceLost", "CUDA_ERROR_LAUNCH_FAILED"],
  ];
  for (const [error, name] of sticky) {
    test(`${error} takes the device with it, and nothing of it is a leak`, () => {
      using sim = simulate({ cuda: 1 });
      using device = CudaDevice.open();
      using stream = device.createStream();
      using memory = device.allocate(64);
      sim.cuda.fail({ call: "cuMemsetD8Async", error, asynchronous: true });
      stream.fill(memory, 1, { width: 1 });
      const lost = expect.objectContaining({
        code: "device_lost",
        retryable: true,
        message: expect.stringContaining(name),
      });
      expect(() => stream.synchronize()).toThrow(lost);
      expect(() => device.allocate(64)).toThrow(lost);
      expect(sim.leaks()).toEqual([]);
    });
  }

  test("delays a stream, and not the call", () => {
    using sim = simulate({ cuda: 1 });
    using device = CudaDevice.open();
    using stream = device.createStream();
    using memory = device.allocate(64);
    sim.cuda.delay({ call: "cuMemsetD8Async", delayMs: 300, asynchronous: true, times: 1 });
    stream.fill(memory, 1, { width: 1 });
    expect(stream.query()).toBe(false);
    stream.synchronize();
    expect(stream.query()).toBe(true);
  });

  const mistakes: [string, GpuFaultPlan][] = [
    ["a function that does not exist", { call: "cuMemAlloc_v2", error: "outOfMemory" }],
    ["no function", { call: "", error: "outOfMemory" }],
    ["a name that is too long", { call: "cu".repeat(100), error: "outOfMemory" }],
    ["an error that nobody knows", { call: "cuMemAlloc", error: "bad" as GpuFault }],
    ["no error", { call: "cuMemAlloc", error: 0 }],
    ["a CUresult beyond its type", { call: "cuMemAlloc", error: 2 ** 31 }],
    ["the call before the first", { call: "cuMemAlloc", error: "unknown", at: 0 }],
    ["half a call", { call: "cuMemAlloc", error: "unknown", at: 1.5 }],
    ["a stream where there is none", { call: "cuMemAlloc", error: "unknown", asynchronous: true }],
    ["a message that is too long", { call: "cuMemAlloc", error: "unknown", message: "m".repeat(240) }],
  ];
  for (const [what, plan] of mistakes) {
    test(`is refused for ${what}`, () => {
      using sim = simulate({ cuda: 1 });
      expect(() => sim.cuda.fail(plan)).toThrow(invalid);
    });
  }

  test("is gone after a repair", () => {
    using sim = simulate({ cuda: 1 });
    for (const error of Object.values(GpuFault)) sim.cuda.fail({ call: "cuMemAlloc", error });
    sim.cuda.repair();
    using device = CudaDevice.open();
    using _memory = device.allocate(64);
  });
});

describe("a system", () => {
  const refused: [string, number | GpuSystem][] = [
    ["fewer than no devices", -1],
    ["17 devices", 17],
    ["half a device", 0.5],
    ["no memory", { devices: 1, memoryBytes: 0 }],
    ["a capability that is none", { devices: 1, computeCapability: "nine" }],
    ["a capability of the past", { devices: 1, computeCapability: "1.0" }],
    ["a version that is none", { devices: 1, driverVersion: "12" }],
    ["a name that is too long", { devices: 1, name: "n".repeat(64) }],
  ];
  for (const [what, cuda] of refused) {
    test(`of ${what} is refused, and nothing is simulated`, () => {
      expect(() => simulate({ cuda })).toThrow(invalid);
      using _sim = simulate({ cuda: 1 });
    });
  }

  test("without pools allocates without them", () => {
    using _sim = simulate({ cuda: { devices: 1, memoryPools: false } });
    using device = CudaDevice.open();
    expect(device.attributes).toMatchObject({ memoryPoolsSupported: 0 });
  });

  test("says what was copied directly and what was staged", () => {
    using sim = simulate({ cuda: 1 });
    using device = CudaDevice.open();
    using stream = device.createStream();
    using memory = device.allocate(4096);
    using pinned = device.allocatePinned(4096);
    stream.copy(memory.at(0), pinned.at(0), 4096);
    stream.synchronize();
    expect(sim.cuda.transfers()).toMatchObject({ toDeviceDirect: 4096, toDeviceStaged: 0, kernels: 0 });
  });
});

afterEach(() => {
  // Whoever failed has closed its simulation: the next one begins.
  using _sim = simulate({ cuda: 1 });
});

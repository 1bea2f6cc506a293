import { describe, expect, test } from "bun:test";
import { DeviceConstraints, DeviceManager, DeviceWaitConfig, DeviceWaitStrategy } from "../../src/device/index.ts";
import { simulate } from "../../src/testing/index.ts";

const manager = new DeviceManager();

describe("DeviceWaitConfig", () => {
  test("does not wait by default: strategy noWait", () => {
    expect(new DeviceWaitConfig().strategy).toBe(DeviceWaitStrategy.NoWait);
    expect(new DeviceWaitConfig(undefined, 5, 6).strategy).toBe("noWait");
  });

  test("has no timeout by default", () => {
    expect(new DeviceWaitConfig().timeoutMs).toBe(0);
    expect(new DeviceWaitConfig("waitForever").timeoutMs).toBe(0);
  });

  test("sleeps 15 seconds between attempts by default", () => {
    expect(new DeviceWaitConfig().sleepTimeMs).toBe(15_000);
    expect(new DeviceWaitConfig("waitForever").sleepTimeMs).toBe(15_000);
    expect(new DeviceWaitConfig(100).sleepTimeMs).toBe(15_000);
  });

  test("is made of a strategy, a timeout and a time between attempts", () => {
    const { strategy, timeoutMs, sleepTimeMs } = new DeviceWaitConfig("waitWithTimeout", 300, 20);
    expect({ strategy, timeoutMs, sleepTimeMs }).toEqual({
      strategy: "waitWithTimeout",
      timeoutMs: 300,
      sleepTimeMs: 20,
    });
  });

  test("made of times alone waits with a timeout", () => {
    const { strategy, timeoutMs, sleepTimeMs } = new DeviceWaitConfig(300, 20);
    expect({ strategy, timeoutMs, sleepTimeMs }).toEqual({
      strategy: DeviceWaitStrategy.WaitWithTimeout,
      timeoutMs: 300,
      sleepTimeMs: 20,
    });
  });

  test.each([
    () => new DeviceWaitConfig("soon" as "noWait"),
    () => new DeviceWaitConfig(-1),
    () => new DeviceWaitConfig(1, 0),
    () => new DeviceWaitConfig("waitForever", 0, Number.NaN),
    () => manager.getDevice(1, { wait: { timeoutMs: 1.5 } }),
  ])("refuses what is no strategy and no time: %#", (make) => {
    using _sim = simulate({ ipus: 1 });
    expect(make).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("a device that is refused", () => {
  const waits = [
    [DeviceWaitStrategy.NoWait, { strategy: DeviceWaitStrategy.NoWait, timeoutMs: 10_000, sleepTimeMs: 1 }],
    ["no strategy at all", undefined],
  ] as const;
  test.each(waits)("is not waited for with %s", async (_, wait) => {
    using sim = simulate({ ipus: 1 });
    sim.ipu.refuseAttach({ times: 4 });
    expect(() => manager.getDevice(1, { wait })).toThrow(expect.objectContaining({ code: "device_unavailable" }));
    expect(manager.tryGetDevice(1, { wait })).toBeUndefined();
    await expect(manager.getDeviceAsync(1, { wait })).rejects.toMatchObject({ code: "device_unavailable" });
    expect(await manager.tryGetDeviceAsync(1, { wait })).toBeUndefined();
    using _device = manager.getDevice(1, { wait });
  });

  test("is tried again until the timeout, and once when it is over", () => {
    using sim = simulate({ ipus: 1 });
    sim.ipu.refuseAttach({ times: 2 });
    using _got = manager.getDevice(1, { wait: { strategy: "waitWithTimeout", timeoutMs: 60_000, sleepTimeMs: 1 } });
    _got.close();
    sim.ipu.refuseAttach({ times: 2 });
    const wait = new DeviceWaitConfig(1, 60_000);
    expect(manager.tryGetDevice(1, { wait })).toBeUndefined();
    using _free = manager.getDevice(1);
  });

  test("is tried again for ever, whatever the timeout", async () => {
    using sim = simulate({ ipus: 1 });
    const wait = { strategy: DeviceWaitStrategy.WaitForever, timeoutMs: 0, sleepTimeMs: 1 };
    sim.ipu.refuseAttach({ times: 5 });
    manager.getDevice(1, { wait }).close();
    sim.ipu.refuseAttach({ times: 5 });
    (await manager.getDeviceAsync(1, { wait })).close();
  });

  test("is waited for with a timeout when only the timeout is said", () => {
    using sim = simulate({ ipus: 1 });
    sim.ipu.refuseAttach({ times: 3 });
    using _device = manager.getDevice(1, { wait: { timeoutMs: 60_000, sleepTimeMs: 1 } });
  });
});

describe("what does not exist", () => {
  const wait = new DeviceWaitConfig("waitForever");

  test("is not waited for: a number of IPUs that no device has", async () => {
    using _sim = simulate({ ipus: 2 });
    const unavailable = { code: "device_unavailable", message: expect.stringContaining("device 2 (2 IPUs)") };
    expect(() => manager.getDevice(3, { wait })).toThrow(expect.objectContaining(unavailable));
    expect(manager.tryGetDevice(3, { wait })).toBeUndefined();
    await expect(manager.getDeviceAsync(3, { wait })).rejects.toMatchObject(unavailable);
    expect(await manager.tryGetDeviceAsync(3, { wait })).toBeUndefined();
  });

  test("is not waited for: an id that no device has", async () => {
    using _sim = simulate({ ipus: 2 });
    const missing = { code: "device_not_found", message: expect.stringContaining("device 7") };
    expect(() => manager.getSpecificDevice(7, { wait })).toThrow(expect.objectContaining(missing));
    expect(() => manager.tryGetSpecificDevice(7, { wait })).toThrow(expect.objectContaining(missing));
    await expect(manager.getSpecificDeviceAsync(7, { wait })).rejects.toMatchObject(missing);
    await expect(manager.tryGetSpecificDeviceAsync(7, { wait })).rejects.toMatchObject(missing);
  });
});

describe("DeviceConstraints", () => {
  test("require nothing by default", () => {
    expect(new DeviceConstraints().requiresRemoteBuffersSupport).toBe(false);
    expect(new DeviceConstraints().isConstrained).toBe(false);
  });

  test("are constraints when remote buffers are required", () => {
    expect(new DeviceConstraints(true).requiresRemoteBuffersSupport).toBe(true);
    expect(new DeviceConstraints(true).isConstrained).toBe(true);
  });

  test("keep devices out that do not support remote buffers", () => {
    const constraints = new DeviceConstraints(true);
    {
      using _sim = simulate({ ipus: 1, remoteBuffers: false });
      expect(() => manager.getDevice(1, { constraints })).toThrow("remote buffers");
      expect(manager.tryGetDevice(1, { constraints })).toBeUndefined();
      manager.getDevice(1, { constraints: new DeviceConstraints() }).close();
    }
    using _sim = simulate({ ipus: 1 });
    using device = manager.getDevice(1, { constraints: { requiresRemoteBuffersSupport: true } });
    expect(device.supportsRemoteBuffers).toBe(true);
  });
});

import { describe, expect, test } from "bun:test";
import { DeviceManager, DeviceTarget } from "../../src/device/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { tellsWhyRefused, throughShim } from "./under-test.ts";

const manager = new DeviceManager();
const model = {
  metadata: { numIpus: 2, ipuVersion: 21, deviceOptions: [{ name: "ipuLinkTopology", value: "torus" }] },
};
const badModel = { metadata: { numIpus: 1, ipuVersion: 3, deviceOptions: [{ name: "speed", value: "high" }] } };

describe("the devices of a system", () => {
  test("are listed with what they are made of, whoever has them", () => {
    using _sim = simulate({ ipus: 3, ipuVersion: 1 });
    using _held = manager.getDevice(1);
    const driver = expect.stringMatching(throughShim ? /^Poplar \d/ : /^millrace \d/);
    const known = { target: DeviceTarget.Ipu, ipuVersion: 1, tilesPerIpu: 1216, supportsRemoteBuffers: true, driver };
    const expected = [
      { id: 0, numIpus: 1, children: [], parents: [3] },
      { id: 1, numIpus: 1, children: [], parents: [3] },
      { id: 2, numIpus: 1, children: [], parents: [] },
      { id: 3, numIpus: 2, children: [0, 1], parents: [] },
    ];
    expect(manager.devices()).toEqual(expected.map((one) => ({ ...one, ...known, heldBy: expect.anything() })));
  });

  test("are listed with who has one of their IPUs, of this process's also through Poplar, which does not tell", () => {
    using _sim = simulate({ ipus: 3 });
    using _held = manager.getDevice(1);
    const free = tellsWhyRefused ? "nobody" : "unknown";
    expect(manager.devices().map(({ heldBy }) => heldBy)).toEqual([process.pid, free, free, process.pid]);
  });

  test("are listed also when one has more parts than a call returns", () => {
    using _sim = simulate({ ipus: 64 });
    const all = manager.devices().at(-1)!;
    expect(all.children).toEqual(Array.from({ length: 126 }, (_, id) => id));
  });

  test("have an architecture, or -1 when it is not known", () => {
    for (const ipuVersion of [1, 2, 21, -1]) {
      using _sim = simulate({ ipus: 1, ipuVersion });
      expect(manager.ipuHardwareVersion()).toBe(ipuVersion);
      using device = manager.getDevice(1);
      expect(device.ipuVersion()).toBe(ipuVersion);
    }
  });

  test("that is none has no architecture", () => {
    expect(manager.ipuHardwareVersion()).toBe(0);
  });
});

// Each form with its asynchronous twin.
describe("getting a device", () => {
  test("by the number of IPUs gives one that is free, of so many", async () => {
    using _sim = simulate({ ipus: 4 });
    using first = manager.getDevice(1);
    using second = await manager.getDeviceAsync(1);
    using pair = manager.getDevice(2);
    expect([first, second, pair].map(({ id, numIpus }) => [id, numIpus])).toEqual([
      [0, 1],
      [1, 1],
      [5, 2],
    ]);
    expect(() => manager.getDevice(2)).toThrow(expect.objectContaining({ code: "device_unavailable" }));
    await expect(manager.getDeviceAsync(4)).rejects.toMatchObject({ code: "device_unavailable" });
  });

  test("that is not to be had is an error that says who has it, or undefined when it is only tried", async () => {
    using _sim = simulate({ ipus: 1 });
    using device = manager.tryGetDevice(1);
    expect(device?.attached).toBe(true);
    const held = { code: "device_unavailable", message: expect.stringContaining(`this process, ${process.pid}`) };
    expect(() => manager.getDevice(1)).toThrow(expect.objectContaining(held));
    await expect(manager.getDeviceAsync(1)).rejects.toMatchObject(held);
    expect(manager.tryGetDevice(1)).toBeUndefined();
    expect(await manager.tryGetDeviceAsync(1)).toBeUndefined();
    device?.close();
    using again = await manager.tryGetDeviceAsync(1);
    expect(again?.id).toBe(0);
  });

  test("for a model gives one with the IPUs that it needs", async () => {
    using _sim = simulate({ ipus: 4 });
    using first = manager.getDevice(model);
    using second = await manager.getDeviceAsync(model);
    expect([first.id, second.id]).toEqual([4, 5]);
    expect(() => manager.getDevice(model)).toThrow(expect.objectContaining({ code: "device_unavailable" }));
  });

  test("for a model, when it is only tried, gives undefined for one that is not free", async () => {
    using _sim = simulate({ ipus: 2 });
    using device = manager.tryGetDevice(model);
    expect(device?.numIpus).toBe(2);
    expect(manager.tryGetDevice(model)).toBeUndefined();
    expect(await manager.tryGetDeviceAsync(model)).toBeUndefined();
  });

  test("for a model has the model's options", async () => {
    using _sim = simulate({ ipus: 1 });
    const refused = { code: "invalid_option", message: expect.stringContaining("speed") };
    expect(() => manager.getDevice(badModel)).toThrow(expect.objectContaining(refused));
    expect(() => manager.tryGetDevice(badModel)).toThrow(expect.objectContaining(refused));
    await expect(manager.getDeviceAsync(badModel)).rejects.toMatchObject(refused);
    await expect(manager.tryGetDeviceAsync(badModel)).rejects.toMatchObject(refused);
  });

  test("has the options that are given, and refuses those that there are not", () => {
    using _sim = simulate({ ipus: 1 });
    using _device = manager.getDevice(1, { deviceOptions: { ipuLinkTopology: "mesh" } });
    for (const get of [
      () => manager.getDevice(1, { deviceOptions: { ipuLinkTopology: "star" } }),
      () => manager.getSpecificDevice(0, { deviceOptions: [{ name: "ipuLinkTopology", value: "star" }] }),
    ]) {
      expect(get).toThrow(expect.objectContaining({ code: "invalid_option" }));
    }
  });

  test("from one manager keeps it from another: they have the same system", () => {
    using _sim = simulate({ ipus: 1 });
    using _device = new DeviceManager().getDevice(1);
    expect(new DeviceManager().tryGetDevice(1)).toBeUndefined();
  });

  test("by its id gives that one", async () => {
    using _sim = simulate({ ipus: 4 });
    using third = manager.getSpecificDevice(2);
    using fourth = await manager.getSpecificDeviceAsync(3);
    expect([third.id, fourth.id]).toEqual([2, 3]);
    expect(() => manager.getSpecificDevice(5)).toThrow(expect.objectContaining({ code: "device_unavailable" }));
    await expect(manager.getSpecificDeviceAsync(2)).rejects.toMatchObject({ code: "device_unavailable" });
  });

  test("by its id, when it is only tried, gives undefined for one that is not free", async () => {
    using _sim = simulate({ ipus: 2 });
    using device = manager.tryGetSpecificDevice(1);
    expect(device?.id).toBe(1);
    expect(manager.tryGetSpecificDevice(2)).toBeUndefined();
    expect(await manager.tryGetSpecificDeviceAsync(1)).toBeUndefined();
    using other = await manager.tryGetSpecificDeviceAsync(0);
    expect(other?.id).toBe(0);
  });

  test("by its id for a model gives that one, with the model's options", async () => {
    using _sim = simulate({ ipus: 2 });
    using device = manager.getSpecificDevice(1, { model });
    expect(device.id).toBe(1);
    const refused = { code: "invalid_option", message: expect.stringContaining("speed") };
    expect(() => manager.getSpecificDevice(0, { model: badModel })).toThrow(expect.objectContaining(refused));
    await expect(manager.getSpecificDeviceAsync(0, { model: badModel })).rejects.toMatchObject(refused);
  });

  test("by its id for a model, when it is only tried, has the model's options too", async () => {
    using _sim = simulate({ ipus: 2 });
    using device = manager.tryGetSpecificDevice(1, { model });
    expect(device?.id).toBe(1);
    expect(manager.tryGetSpecificDevice(1, { model })).toBeUndefined();
    const refused = { code: "invalid_option", message: expect.stringContaining("speed") };
    expect(() => manager.tryGetSpecificDevice(0, { model: badModel })).toThrow(expect.objectContaining(refused));
    await expect(manager.tryGetSpecificDeviceAsync(0, { model: badModel })).rejects.toMatchObject(refused);
  });

  const mistakes: [string, () => unknown, string][] = [
    ["an option that there is not", () => manager.tryGetDevice(1, { deviceOptions: { speed: "high" } }), "speed"],
    ["a value that an option has not", () => manager.getDevice(1, { deviceOptions: { gatewayMode: "on" } }), "on"],
    ["an option of a model", () => manager.tryGetDevice(badModel), "speed"],
    [
      "an option that is no text",
      () => manager.getDevice(1, { deviceOptions: { gatewayMode: true as never } }),
      "true",
    ],
    ["an option with a NUL", () => manager.tryGetSpecificDevice(0, { deviceOptions: { a: "b\0" } }), "NUL"],
    ["options without end", () => manager.getDevice(1, { deviceOptions: { a: "b".repeat(5000) } }), "4096"],
  ];
  test.each(mistakes)("fails for %s, also when it is only tried and whoever has it", (_, get, named) => {
    using _sim = simulate({ ipus: 1 });
    const refused = expect.objectContaining({ code: "invalid_option", message: expect.stringContaining(named) });
    expect(get).toThrow(refused);
    using _held = manager.getDevice(1, { deviceOptions: { gatewayMode: "false", ipuLinkDomainSize: "64" } });
    expect(get).toThrow(refused);
  });

  test.each([
    () => manager.getDevice(0),
    () => manager.tryGetDevice(-1),
    () => manager.getDevice(2 ** 32),
    () => manager.getDevice(null as never),
    () => manager.getDevice({} as never),
    () => manager.getSpecificDevice(-1),
    () => manager.tryGetSpecificDevice("0" as never),
    () => manager.getSpecificDevice(0, { model, deviceOptions: {} }),
    () => manager.getSpecificDevice(0, { model: {} as never }),
  ])("takes numbers, ids and models only: %#", (get) => {
    using _sim = simulate({ ipus: 1 });
    expect(get).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("a model of IPUs", () => {
  test("has so many IPUs of architecture 2 with all their tiles, and needs no hardware", () => {
    using device = manager.createIpuModelDevice(3);
    expect(device.target).toBe(DeviceTarget.IpuModel);
    expect([device.numIpus, device.ipuVersion(), device.tilesPerIpu]).toEqual([3, 2, 1472]);
    expect(device.attached).toBe(true);
    // As Poplar's: what they would be copied to is a gateway's memory.
    expect(device.supportsRemoteBuffers).toBe(false);
  });

  test("has the architecture and the tiles that are asked for", () => {
    using device = manager.createIpuModelDevice(1, { ipuVersion: 1, tilesPerIpu: 16 });
    expect([device.ipuVersion(), device.tilesPerIpu]).toEqual([1, 16]);
    using whole = manager.createIpuModelDevice(1, { ipuVersion: 1 });
    expect(whole.tilesPerIpu).toBe(1216);
  });

  test("for a model has its number of IPUs and its architecture", () => {
    using device = manager.createIpuModelDevice(model, { tilesPerIpu: 8 });
    expect([device.numIpus, device.ipuVersion(), device.tilesPerIpu]).toEqual([2, 21, 8]);
  });

  test("that is small has 4 tiles per IPU", () => {
    using device = manager.createSmallIpuModelDevice(2);
    expect([device.numIpus, device.ipuVersion(), device.tilesPerIpu]).toEqual([2, 2, 4]);
    using other = manager.createSmallIpuModelDevice(1, { ipuVersion: 21 });
    expect(other.ipuVersion()).toBe(21);
  });

  test("that is small and for a model has its number of IPUs and its architecture", () => {
    using device = manager.createSmallIpuModelDevice(model);
    expect([device.numIpus, device.ipuVersion(), device.tilesPerIpu]).toEqual([2, 21, 4]);
  });

  test.each([
    [() => manager.createIpuModelDevice(0), "invalid_argument"],
    [() => manager.createIpuModelDevice(1, { tilesPerIpu: -1 }), "invalid_argument"],
    [() => manager.createIpuModelDevice(65), "invalid_option"],
    [() => manager.createSmallIpuModelDevice(1, { ipuVersion: 4 }), "invalid_option"],
    [() => manager.createSmallIpuModelDevice(badModel), "invalid_option"],
    [() => manager.createIpuModelDevice(1, { tilesPerIpu: 100_000 }), "invalid_option"],
  ] as const)("is refused with what no IPU has: %#", (make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});

test("the CPU is a device that everybody can have", () => {
  using first = manager.createCpuDevice();
  using second = manager.createCpuDevice();
  for (const device of [first, second]) {
    expect([device.target, device.attached, device.ipuVersion(), device.numIpus]).toEqual(["cpu", true, 0, 0]);
  }
});

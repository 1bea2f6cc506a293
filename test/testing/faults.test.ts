import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DeviceManager } from "../../src/device/index.ts";
import { RecoveryAction, type Simulation, simulate } from "../../src/testing/index.ts";
import { copyPlan } from "../device/plans.ts";
import { lastFailure, ShimDevice, ShimEngine, type Status } from "../device/shim.ts";
import { canStopAnywhere, tellsWhyRefused } from "../device/under-test.ts";

const iterations = 3; // two host syncs each

describe("simulated IPUs", () => {
  let sim: Simulation;
  let device: ShimDevice;
  let engine: ShimEngine;
  let out: Int32Array;

  beforeEach(() => {
    sim = simulate({ ipus: 2 });
    device = ShimDevice.open(0);
    engine = new ShimEngine(copyPlan({ iterations }));
    out = new Int32Array(iterations);
    engine.connectMemory("in", Int32Array.of(1, 2, 3));
    engine.connectMemory("out", out);
    engine.load(device);
  });
  afterEach(() => {
    engine[Symbol.dispose]();
    device[Symbol.dispose]();
    expect(sim.leaks()).toEqual([]);
    sim.close();
  });

  test("fail at the k-th host sync from when the plan is made", () => {
    engine.run();
    sim.ipu.fail({ atSync: 4, error: "application" });
    out.fill(0);
    expect(engine.run()).toBe("application");
    expect([...out]).toEqual([1, 0, 0]);
  });

  test("count host syncs across runs", () => {
    sim.ipu.fail({ atSync: 2 * iterations + 1, error: "application" });
    expect(engine.run()).toBe("ok");
    expect(engine.run()).toBe("application");
  });

  const cures: [Parameters<Simulation["ipu"]["fail"]>[0]["error"], Status, { load: Status; reset: Status }][] = [
    ["application", "application", { load: "ok", reset: "ok" }],
    ["recoverable", "recoverable", { load: "ok", reset: "ok" }],
    ["unknown", "unknown", { load: "unknown", reset: "ok" }],
    ["unrecoverable", "unrecoverable", { load: "unrecoverable", reset: "unrecoverable" }],
    ["lost", "unrecoverable", { load: "unrecoverable", reset: "unrecoverable" }],
  ];
  test.each(cures)(
    "after an error that is %s stay in error until they are mended",
    (error, status, { load, reset }) => {
      sim.ipu.fail({ atSync: 1, error });
      expect(engine.run()).toBe(status);
      expect(engine.run()).toBe(status);
      expect(engine.load(device)).toBe(load);
      if (load === "ok") expect(engine.run()).toBe("ok");
      sim.ipu.fail({ atSync: 1, error });
      engine.run();
      expect(device.reset()).toBe(reset);
      sim.ipu.repair();
      expect(engine.load(device)).toBe("ok");
      expect(engine.run()).toBe("ok");
    },
  );

  test.each(Object.values(RecoveryAction))("name the recovery action %s", (recoveryAction) => {
    sim.ipu.fail({ atSync: 1, error: "recoverable", recoveryAction, message: "link 3 is down" });
    engine.run();
    const number = Object.values(RecoveryAction).indexOf(recoveryAction) + 1;
    expect(lastFailure()).toEqual({ status: "recoverable", recoveryAction: number, message: "link 3 is down" });
  });

  test("fail as often as the plan says, and by default once", () => {
    sim.ipu.fail({ atSync: 1, times: 2, error: "application" });
    for (const status of ["application", "application", "ok"] as const) {
      expect(engine.run()).toBe(status);
      engine.load(device);
    }
  });

  test("fail on the device that the plan is about, and share errors of their IPUs with devices that overlap", () => {
    sim.ipu.fail({ atSync: 1, device: 1, error: "unrecoverable" });
    expect(engine.run()).toBe("ok");
    using other = ShimDevice.open(1);
    engine.load(other);
    expect(engine.run()).toBe("unrecoverable");
    expect(engine.load(device)).toBe("ok");
    device.detach();
    other.detach();
    using both = ShimDevice.open(2);
    expect(engine.load(both)).toBe("unrecoverable");
  });

  test.if(canStopAnywhere)("are slow when they are told to, and a run that is to end does not wait for it", () => {
    sim.ipu.delay({ delayMs: 2, times: 2 });
    expect(engine.run()).toBe("ok");
    sim.ipu.delay({ atSync: 2, delayMs: 3_600_000 });
    engine.connect("in", 4, { fetch: () => engine.stop() });
    expect(engine.run()).toBe("stopped");
  });

  test("fail a load, with no memory for instance, and are none the worse for it", () => {
    sim.ipu.fail({ atLoad: 1, error: "outOfMemory" });
    expect(engine.load(device)).toBe("out_of_memory");
    expect(engine.run()).toBe("stopped");
    expect(engine.load(device)).toBe("ok");
    expect(engine.run()).toBe("ok");
  });

  test("that are lost are attached to by nobody any more", () => {
    sim.ipu.fail({ atSync: 1, error: "lost" });
    engine.run();
    device.detach();
    expect(() => new DeviceManager().getSpecificDevice(0)).toThrow(
      tellsWhyRefused ? "IPU 0 is lost" : "IPU 0 is held by another owner",
    );
    expect(new DeviceManager().tryGetDevice(2)).toBeUndefined();
    sim.ipu.repair();
    expect(device.attach()).toBe(true);
  });

  test("refuse to be attached a number of times, or for a time", async () => {
    const manager = new DeviceManager();
    sim.ipu.refuseAttach({ device: 1, times: 2 });
    expect(manager.tryGetSpecificDevice(1)).toBeUndefined();
    expect(() => manager.getSpecificDevice(1)).toThrow(tellsWhyRefused ? "planned to be refused" : "another owner");
    manager.getSpecificDevice(1).close();
    sim.ipu.refuseAttach({ forMs: 30, message: "somebody has it" });
    expect(() => manager.getSpecificDevice(1)).toThrow(tellsWhyRefused ? "somebody has it" : "another owner");
    using got = await manager.getSpecificDeviceAsync(1, { wait: { strategy: "waitForever", sleepTimeMs: 5 } });
    expect(got.id).toBe(1);
  });

  test("have room for what their tiles hold", () => {
    using small = ShimDevice.model(1);
    using large = ShimDevice.model(2);
    // A tile holds 624 KiB; the prefetch buffer counts.
    using program = new ShimEngine(copyPlan({ numbers: (350 * 1024) / 4, depth: 1 }));
    expect(program.load(small)).toBe("out_of_memory");
    expect(program.load(large)).toBe("ok");
  });

  const mistakes: [string, () => void, string][] = [
    ["an error that there is not", () => sim.ipu.fail({ atSync: 1, error: "fatal" as "unknown" }), "fatal"],
    [
      "a recovery action that there is not",
      () => sim.ipu.fail({ atSync: 1, error: "recoverable", recoveryAction: "PRAY" as "IPU_RESET" }),
      "PRAY",
    ],
    ["no occurrence", () => sim.ipu.fail({ error: "unknown" }), "atSync"],
    ["two occurrences", () => sim.ipu.fail({ atSync: 1, atLoad: 1, error: "unknown" }), "atSync"],
    ["the occurrence 0", () => sim.ipu.fail({ atSync: 0, error: "unknown" }), "0"],
    ["no memory at a sync", () => sim.ipu.fail({ atSync: 1, error: "outOfMemory" }), "10"],
    ["a negative delay", () => sim.ipu.delay({ delayMs: -1 }), "delayMs"],
    ["a long message", () => sim.ipu.fail({ atSync: 1, error: "unknown", message: "é".repeat(120) }), "239"],
  ];
  test.each(mistakes)("cannot be planned to fail with %s", (_, plan, named) => {
    expect(plan).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining(named) }),
    );
    expect(engine.run()).toBe("ok");
  });
});

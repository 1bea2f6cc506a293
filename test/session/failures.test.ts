import { describe, expect, test } from "bun:test";
import { DeviceManager } from "../../src/device/index.ts";
import { type AnchorOptions, ModelBuilder, Reader, Writer } from "../../src/popef/index.ts";
import { RecoveryAction, Session } from "../../src/session/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { anyDevice } from "../device/under-test.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { copyModel } from "./copy-model.ts";

/** A session on a simulated IPU, whose callbacks do nothing. */
function onIpu() {
  const sim = simulate({ ipus: 1 });
  const model = copyModel();
  const ipu = new DeviceManager().getDevice(1);
  const session = new Session(model);
  session.bindToDevice(ipu);
  session.setUserInputHandler(() => () => {});
  session.setUserOutputHandler(() => () => {});
  return {
    sim,
    session,
    async [Symbol.asyncDispose]() {
      await session.close();
      ipu.close();
      model.close();
      expect(sim.leaks()).toEqual([]);
      sim.close();
    },
  };
}

describe("a device's failure", () => {
  test("of the application ends the run; after reload programs run again", async () => {
    await using it = onIpu();
    it.sim.ipu.fail({ atSync: 2, error: "application", message: "tile 3 trapped" });
    expect(() => it.session.runMainPrograms()).toThrow(failsWith("device_application", "tile 3 trapped"));
    it.session.reload();
    it.session.runMainPrograms();
  });

  test.each(Object.values(RecoveryAction))("that %s cures says so", async (recoveryAction) => {
    await using it = onIpu();
    it.sim.ipu.fail({ atSync: 2, error: "recoverable", recoveryAction });
    const error = await it.session.runMainProgramsAsync({ repeat: "untilStopped" }).catch((caught) => caught);
    expect(error).toEqual(failsWith("device_recoverable", recoveryAction));
    expect(error.cause).toEqual({ recoveryAction });
  });

  test("that nothing cures, or that is unknown, has its own code", async () => {
    for (const [error, code] of [
      ["unrecoverable", "device_unrecoverable"],
      ["unknown", "device_unknown"],
    ] as const) {
      await using it = onIpu();
      it.sim.ipu.fail({ atSync: 1, error });
      expect(() => it.session.runMainPrograms()).toThrow(failsWith(code));
    }
  });

  test("at loading leaves the session unbound", async () => {
    using sim = simulate({ ipus: 1 });
    using model = copyModel();
    using ipu = new DeviceManager().getDevice(1);
    await using session = new Session(model);
    sim.ipu.fail({ atLoad: 1, error: "outOfMemory" });
    expect(() => session.bindToDevice(ipu)).toThrow(failsWith("out_of_memory"));
    expect(() => session.runLoadPrograms()).toThrow(failsWith("not_bound"));
    session.bindToDevice(ipu);
    session.runLoadPrograms();
  });

  test("leaves nothing to save", async () => {
    await using it = onIpu();
    let saved = 0;
    it.session.setCallbackForAnchor("d2h_w", () => void saved++);
    it.session.runMainPrograms();
    it.sim.ipu.fail({ atSync: 1, error: "application" });
    expect(() => it.session.runMainPrograms()).toThrow(failsWith("device_application"));
    it.session.unloadFromDevice();
    expect(saved).toBe(0);
  });
});

test("a callback that keeps the device waiting too long ends the run, by the option's name", async () => {
  using model = copyModel();
  const { metadata, executable } = model;
  using writer = new Writer();
  writer.createExecutable("copy").write(executable.data.bytes());
  const engineOptions = [{ name: "target.hostSyncTimeout", value: "0.05" }];
  const anchors = metadata.anchors as readonly AnchorOptions[];
  writer.write({ executable: "copy", anchors, programFlow: metadata.programFlow, engineOptions });
  writer.close();
  using reader = new Reader().parseBytes(writer.bytes());
  using impatient = new ModelBuilder(reader).createModel();
  using device = anyDevice();
  await using session = new Session(impatient);
  session.bindToDevice(device);
  let late = true;
  session.setUserInputHandler(() => () => {
    if (late) Bun.sleepSync(200);
  });
  session.setUserOutputHandler(() => () => {});
  expect(() => session.runMainPrograms()).toThrow(failsWith("host_sync_timeout", "target.hostSyncTimeout"));
  expect(session.isStopped()).toBe(true);
  session.reload();
  late = false;
  session.runMainPrograms();
});

import { describe, expect, test } from "bun:test";
import { Session } from "../../src/session/index.ts";
import { anyDevice } from "../device/under-test.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { Bound } from "./bound.ts";
import { copyModel, load, main, save, weight } from "./copy-model.ts";

/** Calls that need a device, by name. */
const needsDevice: Record<string, (session: Session) => unknown> = {
  unloadFromDevice: (session) => session.unloadFromDevice(),
  runLoadPrograms: (session) => session.runLoadPrograms(),
  runMainPrograms: (session) => session.runMainPrograms(),
  runSavePrograms: (session) => session.runSavePrograms(),
  runPrograms: (session) => session.runPrograms([0]),
  reload: (session) => session.reload(),
  setCallbackForAnchor: (session) => session.setCallbackForAnchor("h2d_image", () => {}),
  setUserInputHandler: (session) => session.setUserInputHandler(() => null),
  setUserOutputHandler: (session) => session.setUserOutputHandler(() => null),
  anchorsNotConnectedToCallbacks: (session) => session.anchorsNotConnectedToCallbacks([0]),
  errorIfAnchorsAreNotConnectedToCallbacks: (session) => session.errorIfAnchorsAreNotConnectedToCallbacks([0]),
  createQueueManager: (session) => session.createQueueManager(),
};
const needsDeviceAsync: Record<string, (session: Session) => Promise<unknown>> = {
  unloadFromDeviceAsync: (session) => session.unloadFromDeviceAsync(),
  runLoadProgramsAsync: (session) => session.runLoadProgramsAsync(),
  runMainProgramsAsync: (session) => session.runMainProgramsAsync(),
  runSaveProgramsAsync: (session) => session.runSaveProgramsAsync(),
  runProgramsAsync: (session) => session.runProgramsAsync([0]),
  reloadAsync: (session) => session.reloadAsync(),
};

describe("without a device", () => {
  for (const [name, call] of Object.entries(needsDevice)) {
    test(`${name} says so`, async () => {
      using model = copyModel();
      await using session = new Session(model);
      expect(() => call(session)).toThrow(failsWith("not_bound"));
    });
  }

  for (const [name, call] of Object.entries(needsDeviceAsync)) {
    test(`${name} says so`, async () => {
      using model = copyModel();
      await using session = new Session(model);
      await expect(call(session)).rejects.toEqual(failsWith("not_bound"));
    });
  }

  test("stop does nothing, and the anchors are known", async () => {
    using model = copyModel();
    await using session = new Session(model);
    session.stop();
    expect(session.isStopped()).toBe(false);
    expect(session.getInputAnchors().length).toBe(2);
  });

  test("is a session whose device was closed; another device serves it", async () => {
    await using bound = new Bound();
    bound.feed(1).session.runMainPrograms();
    bound.device.close();
    expect(() => bound.session.runMainPrograms()).toThrow(failsWith("not_bound"));
    using other = anyDevice();
    bound.session.bindToDevice(other);
    bound.session.runMainPrograms();
    expect(bound.firsts).toEqual([1, 1]);
  });
});

test("anchors are listed by kind: all, and those for the user", async () => {
  using model = copyModel();
  await using session = new Session(model);
  const [image, echo, w, saved] = model.metadata.anchors;
  expect(session.model).toBe(model);
  expect(session.getInputAnchors()).toEqual([image!, w!]);
  expect(session.getOutputAnchors()).toEqual([echo!, saved!]);
  expect(session.getUserInputAnchors()).toEqual([image!]);
  expect(session.getUserOutputAnchors()).toEqual([echo!, saved!]);
});

describe("load programs", () => {
  const loads = (bound: Bound) => {
    let count = 0;
    bound.session.setCallbackForAnchor("h2d_w", () => void count++);
    return () => count;
  };

  test("run by themselves before the first main programs after binding, and then no more", async () => {
    await using bound = new Bound();
    const count = loads(bound.feed(1));
    bound.session.runMainPrograms();
    bound.session.runMainPrograms();
    expect(count()).toBe(1);
    bound.session.bindToDevice(bound.device);
    bound.session.runMainPrograms();
    expect(count()).toBe(2);
  });

  test("do not run by themselves where they were run", async () => {
    await using bound = new Bound();
    const count = loads(bound.feed(1));
    bound.session.runLoadPrograms();
    expect(count()).toBe(1);
    bound.session.runMainPrograms();
    expect(count()).toBe(1);
  });

  test("run again after reload", async () => {
    await using bound = new Bound();
    const count = loads(bound.feed(1));
    bound.session.runMainPrograms();
    bound.session.reload();
    bound.session.runMainPrograms();
    expect(count()).toBe(2);
  });

  test("are the user's business in runPrograms, which runs what it is given, in that order", async () => {
    await using bound = new Bound();
    const order: string[] = [];
    for (const { handle } of bound.model.metadata.anchors)
      bound.session.setCallbackForAnchor(handle, (_, { anchor }) => void order.push(anchor.handle));
    bound.session.runPrograms([main, save, load, main]);
    expect(order).toEqual(["h2d_image", "d2h_echo", "d2h_w", "h2d_w", "h2d_image", "d2h_echo"]);
    expect(() => bound.session.runPrograms([main, 7])).toThrow(failsWith("unknown_program", "7"));
  });
});

describe("save programs", () => {
  test("run when they are asked for", async () => {
    await using bound = new Bound();
    bound.feed(1).session.runMainPrograms();
    bound.seen.length = 0;
    bound.collect("d2h_w").session.runSavePrograms();
    expect(bound.seen).toEqual([weight]);
  });

  test("run by themselves when the session leaves its device", async () => {
    await using bound = new Bound();
    bound.feed(1).collect("d2h_w").session.runMainPrograms();
    bound.seen.length = 0;
    bound.session.unloadFromDevice();
    expect(bound.seen).toEqual([weight]);
    bound.session.bindToDevice(bound.device);
    await bound.session.runMainProgramsAsync();
    bound.seen.length = 0;
    await bound.session.unloadFromDeviceAsync();
    expect(bound.seen).toEqual([weight]);
  });

  test("run by themselves when the session is closed, and before that is done", async () => {
    await using bound = new Bound();
    bound.feed(1).collect("d2h_w").session.runMainPrograms();
    bound.seen.length = 0;
    await bound.session.close();
    expect(bound.seen).toEqual([weight]);
  });

  test("do not run where nothing has run", async () => {
    await using bound = new Bound();
    bound.collect("d2h_w").session.unloadFromDevice();
    expect(bound.seen).toEqual([]);
  });

  test("have outputs dropped that nothing is connected to", async () => {
    await using bound = new Bound();
    bound.feed(1).session.runMainPrograms();
    bound.session.unloadFromDevice();
    bound.session.bindToDevice(bound.device);
    expect(bound.session.anchorsNotConnectedToCallbacks([save]).size).toBe(1);
  });
});

describe("two sessions on one device", () => {
  test("take turns: whoever leaves saves, whoever comes back loads", async () => {
    await using first = new Bound();
    const { device } = first;
    using model = copyModel();
    await using second = new Session(model);
    const order: string[] = [];
    const tell = (name: string, session: Session) => {
      for (const { handle } of session.model.metadata.anchors)
        session.setCallbackForAnchor(handle, (_, { anchor }) => void order.push(`${name} ${anchor.handle}`));
    };
    tell("first", first.session);
    first.session.runMainPrograms();
    expect(device.isActiveSession(first.session)).toBe(true);
    second.bindToDevice(device);
    expect(device.isActiveSession(first.session)).toBe(false);
    expect(device.isActiveSession(second)).toBe(true);
    tell("second", second);
    second.runMainPrograms();
    await first.session.runMainProgramsAsync();
    expect(order).toEqual([
      ...["first h2d_w", "first h2d_image", "first d2h_echo", "first d2h_w"],
      ...["second h2d_w", "second h2d_image", "second d2h_echo", "second d2h_w"],
      ...["first h2d_w", "first h2d_image", "first d2h_echo"],
    ]);
  });

  test("do not push each other out while programs run", async () => {
    await using first = new Bound();
    first.feed(1);
    const running = first.session.runMainProgramsAsync({ repeat: "untilStopped" });
    using model = copyModel();
    await using second = new Session(model);
    expect(() => second.bindToDevice(first.device)).toThrow(failsWith("busy"));
    first.session.stop();
    await running;
    second.bindToDevice(first.device);
  });
});

describe("binding", () => {
  test("to another device leaves the first", async () => {
    await using bound = new Bound();
    bound.feed(1).collect("d2h_w").session.runMainPrograms();
    bound.seen.length = 0;
    using other = anyDevice();
    await bound.session.bindToDeviceAsync(other);
    expect(bound.seen).toEqual([weight]);
    expect(bound.device.isActiveSession(bound.session)).toBe(false);
    expect(other.isActiveSession(bound.session)).toBe(true);
    bound.session.unloadFromDevice();
  });

  test("to a closed device is refused", async () => {
    await using bound = new Bound();
    const other = anyDevice();
    other.close();
    expect(() => bound.session.bindToDevice(other)).toThrow(failsWith("closed"));
  });

  test("fails where anchor and stream differ in size, and leaves nothing bound", async () => {
    using model = copyModel({
      noWeight: true,
      anchors: (anchors) =>
        anchors.map((anchor) => ({ ...anchor, tensorInfo: { shape: [4, anchor.type === "output" ? 2 : 1] } })),
    });
    using device = anyDevice();
    await using session = new Session(model);
    expect(() => session.bindToDevice(device)).toThrow(failsWith("model_conflict", "d2h_echo"));
    expect(() => session.runLoadPrograms()).toThrow(failsWith("not_bound"));
  });
});

test("a closed session says so, and closing twice is fine", async () => {
  const bound = new Bound();
  await bound.session.close();
  await bound.session.close();
  for (const call of Object.values(needsDevice)) expect(() => call(bound.session)).toThrow(failsWith("closed"));
  expect(() => bound.session.stop()).toThrow(failsWith("closed"));
  await bound[Symbol.asyncDispose]();
});

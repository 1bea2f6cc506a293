import { expect, test } from "bun:test";
import { DeviceManager } from "../../src/device/index.ts";
import { Session } from "../../src/session/index.ts";
import { copyModel } from "./copy-model.ts";

test("first", async () => {
  using model = copyModel();
  using cpu = new DeviceManager().createCpuDevice();
  await using session = new Session(model);
  session.bindToDevice(cpu);
  const seen: number[][] = [];
  session.setUserInputHandler(() => (view) => view.as("float32").set([5, 6, 7, 8]));
  session.setUserOutputHandler(({ anchor }) =>
    anchor.name === "echo" ? (view) => void seen.push([...view.as("float32")]) : null,
  );
  session.runMainPrograms();
  await session.runMainProgramsAsync({ repeat: 2 });
  expect(seen).toEqual([
    [5, 6, 7, 8],
    [5, 6, 7, 8],
    [5, 6, 7, 8],
  ]);
});

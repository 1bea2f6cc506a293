import { expect, test } from "bun:test";
import { join } from "node:path";
import { CudaDevice } from "../../src/cuda/index.ts";
import { nativeFolder } from "../../src/native/library-path.ts";
import { cudaSimulatorName, nativeTarget } from "../../src/native/platform.ts";
import { simulate } from "../../src/testing/index.ts";
import { endedWell, runChild } from "../native/child.ts";
import { withCode } from "./expected.ts";

const simulator = join(nativeFolder("test"), cudaSimulatorName(nativeTarget()));

test("an event that is given to another process is waited for there, by it and by its streams", async () => {
  using sim = simulate({ cuda: 1 });
  using gpu = CudaDevice.open();
  using stream = gpu.createStream();
  using event = gpu.createEvent({ interprocess: true });
  using memory = gpu.allocate(64);
  sim.cuda.delay({ call: "cuMemsetD8Async", asynchronous: true, delayMs: 1500, times: 1 });
  stream.fill(memory, 1);
  stream.record(event);
  const ended = await runChild("../cuda/programs/await-event.ts", {
    MILLRACE_CUDA: simulator,
    EVENT: Buffer.from(event.ipcHandle()).toString("hex"),
  });
  expect(ended).toMatchObject(endedWell);
  expect(JSON.parse(ended.stdout)).toEqual({ late: ["deadline", "deadline"], reached: true, ordered: true });
  event.synchronize();
});

test("events and memory that were not made for it are not given to others", () => {
  using _sim = simulate({ cuda: { devices: 1, ipc: false } });
  using gpu = CudaDevice.open();
  using event = gpu.createEvent();
  expect(() => event.ipcHandle()).toThrow(withCode("not_shareable"));
  using memory = gpu.allocate(8);
  expect(() => memory.ipcHandle()).toThrow(withCode("cuda_error"));
  expect(() => gpu.importEvent(new Uint8Array(63))).toThrow(withCode("invalid_argument", "63"));
  expect(() => gpu.importMemory(new Uint8Array(65), 8)).toThrow(withCode("invalid_argument", "65"));
});

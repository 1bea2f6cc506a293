import { describe, expect, test } from "bun:test";
import { CudaDevice } from "../../src/cuda/index.ts";
import { MillraceError } from "../../src/index.ts";
import { type GpuFaultPlan, simulate } from "../../src/testing/index.ts";
import { withCode } from "./expected.ts";

describe("a call that the driver refuses", () => {
  test("fails with the driver's name for it and its words, and takes what was asked behind it with it, once", async () => {
    using sim = simulate({ cuda: 1 });
    using gpu = CudaDevice.open();
    using stream = gpu.createStream();
    using memory = gpu.allocate(64);
    // The first upload waits for the device to make the memory that it goes through.
    stream.upload(memory, new Uint8Array(64).fill(1));
    stream.synchronize();
    // Until all three are asked for, whatever else the machine does.
    sim.cuda.delay({ call: "cuMemsetD8Async", delayMs: 500, times: 1 });
    sim.cuda.fail({ call: "cuMemcpyHtoDAsync", error: "notPermitted" });
    stream.fill(memory, 2);
    stream.upload(memory, new Uint8Array(64).fill(3));
    stream.fill(memory, 4);
    await expect(stream.synchronizeAsync()).rejects.toThrow(
      withCode("cuda_error", "cuMemcpyHtoDAsync failed with CUDA_ERROR_NOT_PERMITTED (800): "),
    );
    stream.synchronize();
    expect(stream.download(memory)[0]).toBe(2);
    expect(gpu.lost).toBe(false);
  });

  test("is told to who asks next, when nobody waited for it", () => {
    using sim = simulate({ cuda: 1 });
    using gpu = CudaDevice.open();
    using stream = gpu.createStream();
    using memory = gpu.allocate(64);
    sim.cuda.fail({ call: "cuMemsetD8Async", error: "notSupported" });
    stream.fill(memory, 1);
    while (!stream.query()) Bun.sleepSync(1);
    expect(() => stream.fill(memory, 2)).toThrow(withCode("cuda_error"));
    stream.fill(memory, 3);
    expect(stream.download(memory)[0]).toBe(3);
  });

  const pooled = (gpu: CudaDevice) => {
    using stream = gpu.createStream();
    return gpu.pool.allocate(8, stream);
  };
  const handle = (gpu: CudaDevice) => {
    using memory = gpu.allocate(8);
    memory.ipcHandle();
    return memory.share();
  };
  const asked: [string, (gpu: CudaDevice) => Disposable | undefined][] = [
    ["cuStreamCreateWithPriority", (gpu) => gpu.createStream()],
    ["cuEventCreate", (gpu) => gpu.createEvent()],
    ["cuMemGetInfo", (gpu) => void gpu.memoryInfo()],
    ["cuMemAlloc", (gpu) => gpu.allocate(8)],
    ["cuMemHostAlloc", (gpu) => gpu.allocatePinned(8)],
    ["cuMemAllocFromPoolAsync", pooled],
    ["cuMemPoolCreate", pooled],
    ["cuIpcGetMemHandle", handle],
  ];
  test.each(asked)("%s: is the error of the call that asked, and the next one works", (call, ask) => {
    using sim = simulate({ cuda: 1 });
    using gpu = CudaDevice.open();
    sim.cuda.fail({ call, error: "unknown", message: "in its own words" });
    expect(() => ask(gpu)).toThrow(
      withCode("cuda_error", `${call} failed with CUDA_ERROR_UNKNOWN (999): in its own words`),
    );
    using made = ask(gpu);
    expect(made === undefined).toBe(call === "cuMemGetInfo");
  });
});

describe("a sticky error", () => {
  const plans: [string, GpuFaultPlan][] = [
    ["at the call", { call: "cuMemsetD8Async", error: "illegalAddress" }],
    ["on the stream", { call: "cuMemsetD8Async", error: "launchFailed", asynchronous: true }],
    ["when an event is asked for", { call: "cuEventQuery", error: "launchTimeout" }],
    ["with the device", { call: "cuMemsetD8Async", error: "deviceLost" }],
  ];
  test.each(plans)("%s: everything pending fails retryably, so does what comes, and closing works", async (_, plan) => {
    using sim = simulate({ cuda: 2 });
    const gpu = CudaDevice.open();
    const stream = gpu.createStream();
    const other = gpu.createStream();
    const memory = gpu.allocate(64);
    const event = gpu.createEvent();
    const pinned = gpu.allocatePinned(64);
    const kept = pinned.bytes();
    sim.cuda.delay({ call: "cuMemcpyHtoDAsync", asynchronous: true, delayMs: 500, times: 1 });
    other.upload(memory, pinned);
    other.record(event);
    const pending: Promise<unknown>[] = [
      other.synchronizeAsync(),
      event.synchronizeAsync(),
      other.downloadAsync(memory),
    ];
    sim.cuda.fail(plan);
    // Told of it at once, or not yet.
    pending.push(Promise.try(() => stream.fill(memory, 1)).then(() => stream.synchronizeAsync()));
    const results = await Promise.allSettled(pending);
    for (const result of results) {
      const { reason } = result as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(MillraceError);
      expect(reason).toMatchObject({ code: "device_lost", retryable: true });
      expect(reason.message).toContain("GPU 0");
    }
    expect(gpu.lost).toBe(true);
    const lost = withCode("device_lost");
    for (const call of [
      () => gpu.requireUsable(),
      () => stream.fill(memory, 2),
      () => stream.upload(memory, new Uint8Array(1)),
      () => stream.synchronize(),
      () => event.synchronize(),
      () => gpu.allocate(8),
      () => gpu.createStream(),
      () => gpu.memoryInfo(),
    ])
      expect(call).toThrow(lost);
    // The other GPU is none the worse for it.
    using second = CudaDevice.open(1);
    expect(second.lost).toBe(false);
    using fine = second.allocate(8);
    expect(fine.byteLength).toBe(8);
    for (const object of [event, stream, other, memory, pinned, gpu]) object.close();
    expect(kept.byteLength).toBe(0);
  });

  test("ends work that is asked for from other threads too, and a GPU is not opened again as if nothing had been", () => {
    using sim = simulate({ cuda: 1 });
    using first = CudaDevice.open();
    using stream = first.createStream();
    using memory = first.allocate(8);
    using second = CudaDevice.open();
    sim.cuda.fail({ call: "cuMemsetD8Async", error: "illegalAddress" });
    stream.fill(memory, 1);
    expect(() => stream.synchronize()).toThrow(withCode("device_lost", "CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
    expect(() => second.memoryInfo()).toThrow(withCode("device_lost"));
  });
});

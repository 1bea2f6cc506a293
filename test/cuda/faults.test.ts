import { describe, expect, test } from "bun:test";
import { CudaDevice, DArray, type Stream } from "../../src/cuda/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { withCode } from "./expected.ts";

const size = 1 << 16;

describe("while a GPU is opened", () => {
  const calls = [
    "cuInit",
    "cuDeviceGetCount",
    "cuDeviceGet",
    "cuDeviceGetName",
    "cuDeviceGetUuid",
    "cuDeviceTotalMem",
    "cuDevicePrimaryCtxRetain",
    "cuCtxSetCurrent",
    "cuCtxGetStreamPriorityRange",
  ];
  test.each(calls)("%s that fails is the error of opening, and the next attempt succeeds", (call) => {
    using sim = simulate({ cuda: 1 });
    sim.cuda.fail({ call, error: "notPermitted" });
    expect(() => CudaDevice.open()).toThrow(withCode("cuda_error", `${call} failed with CUDA_ERROR_NOT_PERMITTED`));
    using gpu = CudaDevice.open();
    gpu.close();
    expect(sim.leaks()).toEqual([]);
  });

  test("an attribute that the driver does not know is 0, and how it waits may be refused", () => {
    using sim = simulate({ cuda: 1 });
    sim.cuda.fail({ call: "cuDeviceGetAttribute", error: "invalidValue", times: 100 });
    sim.cuda.fail({ call: "cuDevicePrimaryCtxSetFlags", error: 708 });
    using gpu = CudaDevice.open();
    expect(gpu.attributes.computeCapabilityMajor).toBe(0);
  });
});

interface Made {
  readonly gpu: CudaDevice;
  readonly stream: Stream;
}

/** A device with a stream, all of whose objects are closed at the end. */
function withDevice(use: (made: Made, sim: ReturnType<typeof simulate>) => void): void {
  using sim = simulate({ cuda: 1 });
  using gpu = CudaDevice.open();
  using stream = gpu.createStream();
  use({ gpu, stream }, sim);
  stream.close();
  gpu.close();
  expect(sim.leaks()).toEqual([]);
}

describe("on a stream", () => {
  const rows: [string, (made: Made) => unknown][] = [
    [
      "cuMemcpyHtoDAsync",
      ({ gpu, stream }) => during(gpu.allocate(8), (memory) => stream.upload(memory, new Uint8Array(8))),
    ],
    ["cuMemcpyDtoHAsync", ({ gpu, stream }) => during(gpu.allocate(8), (memory) => stream.download(memory))],
    [
      "cuMemcpyDtoDAsync",
      ({ gpu, stream }) => during(gpu.allocate(8), (memory) => stream.copy(memory.at(4), memory, 4)),
    ],
    ["cuMemsetD8Async", ({ gpu, stream }) => during(gpu.allocate(8), (memory) => stream.fill(memory))],
    [
      "cuMemsetD16Async",
      ({ gpu, stream }) => during(gpu.allocate(8), (memory) => stream.fill(memory, 0, { width: 2 })),
    ],
    [
      "cuMemsetD32Async",
      ({ gpu, stream }) => during(gpu.allocate(8), (memory) => stream.fill(memory, 0, { width: 4 })),
    ],
    ["cuEventRecord", ({ gpu, stream }) => during(gpu.createEvent(), (event) => stream.record(event))],
    ["cuStreamWaitEvent", ({ gpu, stream }) => during(gpu.createEvent(), (event) => stream.waitEvent(event))],
    ["cuModuleLoadDataEx", launched],
    ["cuModuleGetFunction", launched],
    ["cuLaunchKernel", launched],
  ];
  test.each(rows)("%s that fails is told once, and the same is done when it is asked for again", (call, ask) => {
    withDevice(({ gpu, stream }, sim) => {
      const asked = () => {
        ask({ gpu, stream });
        stream.synchronize();
      };
      sim.cuda.fail({ call, error: "notPermitted" });
      expect(asked).toThrow(withCode("cuda_error", "CUDA_ERROR_NOT_PERMITTED (800)"));
      expect(asked).not.toThrow();
      expect(gpu.lost).toBe(false);
    });
  });

  test("without an event to be had, the device's thread waits for the stream", () => {
    withDevice(({ gpu, stream }, sim) => {
      using memory = gpu.allocate(8);
      sim.cuda.fail({ call: "cuEventCreate", error: "outOfMemory", times: 1 });
      stream.fill(memory, 3);
      expect(stream.download(memory)[0]).toBe(3);
      expect(sim.cuda.calls("cuStreamSynchronize")).toBeGreaterThan(0);
      memory.close();
    });
  });
});

describe("of the pool and of events", () => {
  const rows: [string, (made: Made) => unknown][] = [
    ["cuMemPoolSetAttribute", ({ gpu, stream }) => during(gpu.pool.allocate(8, stream), () => {})],
    ["cuMemPoolGetAttribute", ({ gpu }) => gpu.pool.stats()],
    ["cuMemPoolTrimTo", ({ gpu }) => gpu.pool.trim()],
    ["cuEventElapsedTime", ({ gpu, stream }) => times(gpu, stream)],
    ["cuMemHostRegister", ({ gpu }) => during(new TensorMemory(size), (memory) => gpu.register(memory).close())],
    ["cuIpcGetEventHandle", ({ gpu }) => during(gpu.createEvent({ interprocess: true }), (event) => event.ipcHandle())],
  ];
  test.each(rows)("%s that fails is the error of the call, and the next one works", (call, ask) => {
    withDevice(({ gpu, stream }, sim) => {
      if (call !== "cuMemPoolSetAttribute") gpu.pool.allocate(8, stream).close();
      sim.cuda.fail({ call, error: "notPermitted" });
      expect(() => ask({ gpu, stream })).toThrow(
        withCode("cuda_error", `${call} failed with CUDA_ERROR_NOT_PERMITTED`),
      );
      expect(() => ask({ gpu, stream })).not.toThrow();
    });
  });
});

describe("what gives back", () => {
  const rows: [string, (made: Made) => unknown][] = [
    ["cuMemFree", ({ gpu }) => gpu.allocate(8).close()],
    ["cuMemFreeAsync", ({ gpu, stream }) => gpu.pool.allocate(8, stream).close()],
    ["cuMemFreeHost", ({ gpu }) => gpu.allocatePinned(8).close()],
    ["cuMemHostUnregister", ({ gpu }) => during(new TensorMemory(size), (memory) => gpu.register(memory).close())],
    ["cuStreamDestroy", ({ gpu }) => gpu.createStream().close()],
    ["cuEventDestroy", ({ gpu }) => gpu.createEvent().close()],
  ];
  test.each(rows)("%s: that fails is nobody's error; one that lasts loses the device", (call, give) => {
    using sim = simulate({ cuda: 1 });
    using gpu = CudaDevice.open();
    using stream = gpu.createStream();
    sim.cuda.fail({ call, error: "notPermitted" });
    expect(() => give({ gpu, stream })).not.toThrow();
    gpu.memoryInfo();
    expect(gpu.lost).toBe(false);
    sim.cuda.fail({ call, error: "launchFailed" });
    expect(() => give({ gpu, stream })).not.toThrow();
    expect(() => gpu.memoryInfo()).toThrow(withCode("device_lost", call));
  });
});

function during<T extends Disposable>(made: T, use: (made: T) => unknown): unknown {
  using held = made;
  return use(held);
}

function launched({ stream }: Made): void {
  using ones = DArray.ones([4], { stream });
  using absolute = ones.abs();
  expect(absolute.shape).toEqual([4]);
}

function times(gpu: CudaDevice, stream: Stream): number {
  using start = gpu.createEvent({ timing: true });
  using end = gpu.createEvent({ timing: true });
  stream.record(start);
  stream.record(end);
  end.synchronize();
  return end.elapsedMs(start);
}

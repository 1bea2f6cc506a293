import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CudaDevice, DArray, DeviceMemory, type Stream } from "../../src/cuda/index.ts";
import { FastIOContext } from "../../src/fastio/index.ts";
import { TensorMemory } from "../../src/tensor/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { failsWith } from "../fastio/fails-with.ts";
import { element, elements, held, make, numbersIn } from "./elements.ts";

describe("a buffer on a simulated GPU", () => {
  let simulation: ReturnType<typeof simulate>;
  let device: CudaDevice;
  let stream: Stream;
  beforeAll(() => {
    simulation = simulate({ cuda: 1 });
    device = CudaDevice.open(0);
    stream = device.createStream();
  });
  afterAll(() => {
    stream.close();
    device.close();
    expect(simulation.leaks()).toEqual([]);
    simulation[Symbol.dispose]();
  });

  test("lies on the stream's device", () => {
    using buffer = make({ stream });
    expect(buffer.stream).toBe(stream);
    expect(buffer.allocation).toBeInstanceOf(DeviceMemory);
    using all = buffer.darray;
    expect([all.memoryKind, all.stream]).toEqual(["device", stream]);
  });

  test("appends without an allocation of the driver's", () => {
    const asked = () =>
      ["cuMemAlloc", "cuMemAllocAsync", "cuMemAllocFromPoolAsync", "cuMemHostAlloc"].reduce(
        (sum, call) => sum + simulation.cuda.calls(call),
        0,
      );
    const launched = () => simulation.cuda.calls("cuLaunchKernel");
    using buffer = make({ stream, bufferSize: 64, fullPolicy: "dropOldest" });
    using one = DArray.from(element(1), { stream });
    using several = DArray.from(elements(2, 3), { shape: [2, 2], stream });
    buffer.append(one);
    // The staging memory of the stream is there from here on.
    buffer.append(element(1));
    stream.synchronize();
    const before = [asked(), launched()];
    for (let i = 0; i < 200; i++) {
      buffer.append(one);
      buffer.append(several);
      buffer.append([one, one]);
      buffer.append(element(4));
    }
    stream.synchronize();
    expect([asked(), launched()]).toEqual(before);
    expect(held(buffer).slice(-6)).toEqual([1, 2, 3, 1, 1, 4]);
  });

  test("orders what other streams do with what is appended", () => {
    using other = device.createStream();
    using buffer = make({ stream, bufferSize: 1 });
    using given = DArray.from(new Float32Array(2), { stream: other });
    other.synchronize();
    // The other stream is still at it when the append is asked for …
    simulation.cuda.delay({ call: "cuMemcpyHtoDAsync", asynchronous: true, times: 1, delayMs: 20 });
    given.fromHost(element(1));
    buffer.append(given);
    expect(held(buffer)).toEqual([1]);
    buffer.flush();
    // … and asked to go on while the append is still to be done.
    simulation.cuda.delay({ call: "cuMemcpyDtoDAsync", asynchronous: true, times: 1, delayMs: 20 });
    buffer.append(given);
    given.fromHost(element(2));
    expect(held(buffer)).toEqual([1]);
  });

  test("takes views that do not lie dense, of other streams too", () => {
    using other = device.createStream();
    using buffer = make({ stream });
    for (const own of [stream, other]) {
      using rows = DArray.from(Float32Array.of(1, 2, -1, -2), { shape: [2, 2], stream: own });
      using columns = rows.T;
      using second = columns.slice(1);
      buffer.append(columns);
      buffer.append(second);
      expect(held(buffer)).toEqual([1, 2, 2]);
      buffer.flush();
    }
  });

  test("takes what lies on the host, and the host what lies on it", () => {
    using buffer = make({ stream });
    using host = make();
    host.append(element(3));
    using filled = host.filled;
    buffer.append(filled);
    expect(held(buffer)).toEqual([3]);
    using taken = buffer.take();
    host.append(taken);
    expect(numbersIn(taken)).toEqual([3]);
    expect(held(host)).toEqual([3, 3]);
  });

  test("reads native memory in place: page-locked directly, other memory through the driver", () => {
    using job = FastIOContext.open(`bufferizer-gpu-${process.pid}`);
    const large = 64 * 1024;
    using buffer = make({ stream, shape: [large], bufferSize: 4 });
    using shared = job.create({ dtype: "float32", shape: [large] });
    using plain = new TensorMemory(4 * large);
    using pinned = device.allocatePinned(4 * large);
    for (const view of [shared.map(), plain.getView().as("float32"), pinned.getView().as("float32")]) view.fill(2);
    const copied = (append: () => void) => {
      const before = simulation.cuda.transfers();
      append();
      stream.synchronize();
      const { toDeviceDirect, toDeviceStaged } = simulation.cuda.transfers();
      return [toDeviceDirect - before.toDeviceDirect, toDeviceStaged - before.toDeviceStaged];
    };
    const bytes = 4 * large;
    expect(copied(() => buffer.append(pinned))).toEqual([bytes, 0]);
    expect(copied(() => buffer.append(plain))).toEqual([0, bytes]);
    using _ = device.register(shared, { readOnly: true });
    expect(copied(() => buffer.append(shared))).toEqual([bytes, 0]);
    // An array of JavaScript's goes through page-locked memory of the stream.
    expect(copied(() => buffer.append(new Float32Array(large).fill(2)))).toEqual([bytes, 0]);
    using all = buffer.darray;
    expect(all.toHost().every((value) => value === 2)).toBe(true);
  });

  test("tells of a copy that failed at drain, and goes on", async () => {
    using buffer = make({ stream });
    using given = DArray.from(element(1), { stream });
    stream.synchronize();
    simulation.cuda.fail({ call: "cuMemcpyDtoDAsync", error: "launchOutOfResources" });
    buffer.append(given);
    await expect(buffer.drain()).rejects.toThrow(failsWith("cuda_error", "LAUNCH_OUT_OF_RESOURCES"));
    buffer.flush();
    buffer.append(given);
    await buffer.drain();
    expect(held(buffer)).toEqual([1]);
  });

  test("says what the driver says when there is no memory, and is then what it was", () => {
    using buffer = make({ stream });
    buffer.append(element(1));
    simulation.cuda.fail({ call: "cuMemAllocFromPoolAsync", error: "outOfMemory", times: 2 });
    expect(() => buffer.allocate()).toThrow(failsWith("cuda_out_of_memory"));
    expect(held(buffer)).toEqual([1]);
    buffer.allocate();
    expect(held(buffer)).toEqual([]);
  });
});

test("a buffer on a GPU that was lost fails with device_lost, closes all the same, and leaves nothing", async () => {
  const simulation = simulate({ cuda: 1 });
  {
    using device = CudaDevice.open(0);
    using stream = device.createStream();
    using given = DArray.from(element(1), { stream });
    await using buffer = make({ stream, fullPolicy: "swap", bufferSize: 1, bufferFullHook: (b) => b.take().close() });
    buffer.append(given);
    stream.synchronize();
    simulation.cuda.fail({ call: "cuMemcpyDtoDAsync", error: "illegalAddress" });
    const failing = async () => {
      for (;;) {
        buffer.append(given);
        await buffer.drain();
      }
    };
    await expect(failing()).rejects.toThrow(failsWith("device_lost"));
    expect(() => buffer.append(given)).toThrow(failsWith("device_lost"));
    expect(() => buffer.allocate()).toThrow(failsWith("device_lost"));
    buffer.close();
  }
  expect(simulation.leaks()).toEqual([]);
  simulation[Symbol.dispose]();
});

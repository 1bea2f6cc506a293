import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CudaDevice, DArray, DeviceMemory, type Stream } from "../../src/cuda/index.ts";
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

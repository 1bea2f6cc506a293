import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { CudaDevice, type Stream } from "../../src/cuda/index.ts";
import { isTensorSource, TensorMemory } from "../../src/tensor/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { Place } from "../fastio/job.ts";
import { pattern, withCode } from "./expected.ts";

let sim: Simulation;
let gpu: CudaDevice;
let stream: Stream;

beforeAll(() => {
  sim = simulate({ cuda: { devices: 1, memoryBytes: 64 << 20 } });
  gpu = CudaDevice.open();
  stream = gpu.createStream();
});

afterEach(() => {
  sim.cuda.repair();
  gpu.pool.configure({ limitBytes: Number.POSITIVE_INFINITY, releaseThresholdBytes: Number.POSITIVE_INFINITY });
});

afterAll(() => {
  stream.close();
  gpu.close();
  const leaks = sim.leaks();
  sim.close();
  expect(leaks).toEqual([]);
});

describe("memory of a device", () => {
  test("is shared by reference count, and freed with its last owner when the device has done with it", () => {
    const memory = gpu.allocate(1000);
    const other = memory.share();
    expect([memory.byteLength, memory.memoryKind, memory.origin, memory.device]).toEqual([
      1000,
      "device",
      "plain",
      gpu,
    ]);
    expect(other.address).toBe(memory.address);
    const { frees } = gpu.stats();
    memory.close();
    memory.close();
    for (const call of [
      () => memory.native,
      () => memory.address,
      () => memory.origin,
      () => memory.share(),
      () => memory.ipcHandle(),
    ])
      expect(call).toThrow(withCode("closed"));
    expect(gpu.stats().frees).toBe(frees);
    sim.cuda.delay({ call: "cuMemsetD8Async", asynchronous: true, delayMs: 300, times: 1 });
    stream.fill(other, 1);
    other.close();
    gpu.memoryInfo();
    expect(gpu.stats().frees).toBe(frees);
    stream.synchronize();
    gpu.memoryInfo();
    expect(gpu.stats()).toMatchObject({ frees: frees + 1 });
  });

  test("of no bytes is memory", () => {
    using memory = gpu.allocate(0);
    expect(stream.upload(memory, new Uint8Array(0))).toBeGreaterThan(0);
    expect(stream.download(memory)).toEqual(new Uint8Array(0));
  });

  test("that there is not is cuda_out_of_memory, with the figures; nothing is lost", () => {
    expect(() => gpu.allocate(65 << 20)).toThrow(withCode("cuda_out_of_memory", `${65 << 20} bytes`));
    expect(() => gpu.allocate(2 ** 50)).toThrow(withCode("cuda_out_of_memory"));
    expect(() => gpu.allocate(-1)).toThrow(withCode("invalid_argument"));
    gpu.allocate(32 << 20).close();
  });

  test("is given back by the pool before a device is called full", () => {
    gpu.allocate(40 << 20, { stream }).close();
    stream.synchronize();
    expect(gpu.pool.stats()).toMatchObject({ usedBytes: 0 });
    expect(gpu.pool.stats().reservedBytes).toBeGreaterThanOrEqual(40 << 20);
    gpu.allocate(40 << 20).close();
  });
});

describe("the pool", () => {
  test("gives memory in the order of a stream, and counts it", () => {
    const { highBytes } = gpu.pool.stats();
    using memory = gpu.pool.allocate(1 << 20, stream);
    expect(memory.origin).toBe("pool");
    stream.upload(memory, pattern(1 << 20));
    expect(Buffer.compare(stream.download(memory), pattern(1 << 20))).toBe(0);
    expect(gpu.pool.stats()).toMatchObject({ usedBytes: 1 << 20, highBytes: Math.max(highBytes, 1 << 20) });
    expect(() => memory.ipcHandle()).toThrow(withCode("not_shareable"));
    memory.close();
    expect(gpu.pool.stats().usedBytes).toBe(0);
  });

  test("gives what it has again, without asking the system for more", () => {
    // What is closed may be given back after the next is taken: two pieces are needed then, and no more.
    for (let i = 0; i < 100; i++) gpu.pool.allocate(1 << 20, stream).close();
    stream.synchronize();
    expect(gpu.pool.stats().reservedBytes).toBeWithin(1 << 20, 1 + (2 << 20));
    gpu.pool.trim();
    expect(gpu.pool.stats().reservedBytes).toBe(0);
  });

  test("gives no more than its limit, which what is given back makes room in", () => {
    gpu.pool.configure({ limitBytes: 1000 });
    using first = gpu.pool.allocate(600, stream);
    expect(() => gpu.pool.allocate(401, stream)).toThrow(withCode("pool_limit", "600 of the 1000"));
    using second = gpu.pool.allocate(400, stream);
    expect(gpu.pool.stats()).toMatchObject({ usedBytes: 1000, limitBytes: 1000 });
    first.close();
    gpu.pool.allocate(600, stream).close();
    expect(second.byteLength).toBe(400);
    for (const limitBytes of [-1, 0.5, Number.NaN])
      expect(() => gpu.pool.configure({ limitBytes })).toThrow(withCode("invalid_argument"));
  });

  test("of a driver without pools is plain memory with the same limit", () => {
    sim.close();
    stream.close();
    gpu.close();
    sim = simulate({ cuda: { devices: 1, memoryPools: false } });
    gpu = CudaDevice.open();
    stream = gpu.createStream();
    gpu.pool.configure({ limitBytes: 1000 });
    using memory = gpu.pool.allocate(600, stream);
    expect(() => gpu.pool.allocate(401, stream)).toThrow(withCode("pool_limit"));
    expect(gpu.pool.stats()).toMatchObject({ usedBytes: 600, reservedBytes: 600 });
    stream.upload(memory, pattern(600));
    expect(Buffer.compare(stream.download(memory), pattern(600))).toBe(0);
    memory.close();
    gpu.pool.trim();
    expect(gpu.pool.stats().usedBytes).toBe(0);
  });
});

describe("pinned memory", () => {
  test("is zeroed, is memory like any other, and needs no detour", () => {
    const { toDeviceStaged } = sim.cuda.transfers();
    using pinned = gpu.allocatePinned(1 << 16);
    using memory = gpu.allocate(1 << 16);
    expect(pinned.bytes().every((byte) => byte === 0)).toBe(true);
    pinned
      .getView()
      .as("uint8")
      .set(pattern(1 << 16));
    stream.upload(memory, pinned);
    stream.fill(memory, 0, { count: 10 });
    stream.copy(pinned, memory, 1 << 16);
    stream.synchronize();
    expect([...pinned.getConstView().as("uint8").slice(8, 12)]).toEqual([0, 0, ...pattern(12).slice(10)]);
    expect(sim.cuda.transfers().toDeviceStaged).toBe(toDeviceStaged);
    expect(isTensorSource(pinned)).toBe(false);
    expect([pinned.memoryKind, pinned.byteLength]).toEqual(["pinned", 1 << 16]);
  });

  test("that is closed stays until the device has done with it, and its views have no bytes", () => {
    const pinned = gpu.allocatePinned(1 << 16);
    using memory = gpu.allocate(1 << 16);
    const bytes = pinned.bytes();
    bytes.set(pattern(1 << 16));
    sim.cuda.delay({ call: "cuMemcpyHtoDAsync", asynchronous: true, delayMs: 50, times: 1 });
    stream.upload(memory, pinned);
    pinned.close();
    pinned.close();
    expect(bytes.byteLength).toBe(0);
    for (const call of [() => pinned.bytes(), () => pinned.native, () => pinned.getView()])
      expect(call).toThrow(withCode("closed"));
    expect(Buffer.compare(stream.download(memory), pattern(1 << 16))).toBe(0);
  });

  test("that cannot be had says so", () => {
    sim.cuda.fail({ call: "cuMemHostAlloc", error: "outOfMemory" });
    expect(() => gpu.allocatePinned(1 << 16)).toThrow(withCode("cuda_out_of_memory", "cuMemHostAlloc"));
    expect(() => gpu.allocatePinned(2 ** 32)).toThrow(withCode("too_large"));
  });
});

describe("a registration", () => {
  const size = 1 << 20;

  test("of a published segment lets the device read it itself, in this process once, however many register it", () => {
    using place = new Place();
    const job = place.open();
    using memory = gpu.allocate(size);
    using written = job.create({ dtype: "uint8", shape: [size] });
    written.map().set(pattern(size));
    written.publish("frame");
    using reader = job.get("frame");
    const registered = sim.cuda.calls("cuMemHostRegister");
    {
      using first = gpu.register(written);
      using second = gpu.register(reader, { readOnly: true });
      expect(first.byteLength).toBeGreaterThanOrEqual(size);
      expect([first.foreign, second.foreign]).toEqual([false, false]);
      expect(sim.cuda.calls("cuMemHostRegister")).toBe(registered + 1);
      const before = sim.cuda.transfers();
      stream.upload(memory, reader);
      expect(Buffer.compare(stream.download(memory), pattern(size))).toBe(0);
      const { toDeviceDirect, toDeviceStaged } = sim.cuda.transfers();
      expect([toDeviceDirect, toDeviceStaged]).toEqual([before.toDeviceDirect + size, before.toDeviceStaged]);
      expect(gpu.stats().bytesRegistered).toBe(first.byteLength);
      first.close();
      first.close();
      expect(gpu.stats().bytesRegistered).toBe(second.byteLength);
    }
    gpu.memoryInfo();
    expect(gpu.stats().bytesRegistered).toBe(0);
    expect(sim.cuda.calls("cuMemHostUnregister")).toBe(registered + 1);
    stream.upload(memory, reader);
    expect(Buffer.compare(stream.download(memory), pattern(size))).toBe(0);
  });

  test("keeps the memory until it is closed, and until the device has done with it", () => {
    using place = new Place();
    const job = place.open();
    using memory = gpu.allocate(size);
    const written = job.create({ dtype: "uint8", shape: [size] });
    written.map().set(pattern(size));
    const registration = gpu.register(written);
    sim.cuda.delay({ call: "cuMemcpyHtoDAsync", asynchronous: true, delayMs: 50, times: 1 });
    stream.upload(memory, written);
    written.release();
    registration.close();
    expect(Buffer.compare(stream.download(memory), pattern(size))).toBe(0);
    gpu.memoryInfo();
    expect(gpu.stats().bytesRegistered).toBe(0);
  });

  test("of memory of this process works both ways", () => {
    using memory = gpu.allocate(size);
    using native = new TensorMemory(size);
    using _registration = gpu.register(native);
    native.getView().as("uint8").set(pattern(size));
    const before = sim.cuda.transfers();
    stream.upload(memory, native.getView().as("uint8"));
    stream.fill(memory, 9, { count: 3 });
    stream.download(memory, { into: native });
    expect([...native.getView().as("uint8").subarray(0, 4)]).toEqual([9, 9, 9, pattern(4)[3]!]);
    const { toHostDirect, toDeviceDirect } = sim.cuda.transfers();
    expect([toHostDirect, toDeviceDirect]).toEqual([before.toHostDirect + size, before.toDeviceDirect + size]);
  });

  test("for reading is for reading", () => {
    using memory = gpu.allocate(size);
    using native = new TensorMemory(size);
    using _registration = gpu.register(native, { readOnly: true });
    stream.upload(memory, native);
    expect(() => stream.download(memory, { into: native })).toThrow(withCode("invalid_argument", "for reading only"));
    expect(() => gpu.register(native)).toThrow(withCode("cannot_pin", "for reading"));
  });

  test("of memory that cannot be page-locked says why", () => {
    using small = new TensorMemory(100);
    using pinned = gpu.allocatePinned(size);
    expect(() => gpu.register(small)).toThrow(withCode("cannot_pin", "100 bytes"));
    expect(() => gpu.register(pinned)).toThrow(withCode("cannot_pin"));
    expect(() => gpu.register(new Uint8Array(size))).toThrow(withCode("invalid_argument", "allocatePinned"));
    using native = new TensorMemory(size);
    sim.cuda.fail({ call: "cuMemHostRegister", error: "outOfMemory" });
    expect(() => gpu.register(native)).toThrow(withCode("cuda_out_of_memory", "cuMemHostRegister"));
    sim.cuda.fail({ call: "cuMemHostRegister", error: 712 });
    using foreign = gpu.register(native);
    expect(foreign.foreign).toBe(true);
  });
});

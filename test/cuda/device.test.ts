import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CudaDevice } from "../../src/cuda/index.ts";
import { nativeFolder } from "../../src/native/library-path.ts";
import { libraryName, nativeTarget } from "../../src/native/platform.ts";
import { simulate } from "../../src/testing/index.ts";
import { endedWell, runChild } from "../native/child.ts";
import { withCode } from "./expected.ts";

describe("CudaDevice", () => {
  test("lists what the driver has, without opening it", () => {
    using sim = simulate({ cuda: { devices: 2, memoryBytes: 1 << 30, computeCapability: "7.5" } });
    const listed = CudaDevice.list();
    expect(CudaDevice.count()).toBe(2);
    expect(listed).toMatchObject([0, 1].map((ordinal) => ({ ordinal, totalMemory: 1 << 30 })));
    expect(listed[0]!.uuid).toMatch(/^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(listed[0]!.uuid).not.toBe(listed[1]!.uuid);
    expect(listed[1]!.attributes).toMatchObject({ computeCapabilityMajor: 7, computeCapabilityMinor: 5 });
    expect(sim.cuda.calls("cuDevicePrimaryCtxRetain")).toBe(0);
  });

  test("is opened by number, and is what the list says", async () => {
    using _sim = simulate({ cuda: 2 });
    using first = CudaDevice.open();
    using second = CudaDevice.open({ ordinal: 1 });
    using again = await CudaDevice.openAsync(1);
    const [, listed] = CudaDevice.list();
    expect([first.ordinal, second.ordinal]).toEqual([0, 1]);
    const { ordinal, name, uuid, totalMemory, attributes } = again;
    expect({ ordinal, name, uuid, totalMemory, attributes }).toEqual(listed!);
    expect(first.memoryInfo().total).toBe(first.totalMemory);
    const { highest, lowest } = first.streamPriorities;
    expect(highest).toBeLessThan(lowest);
  });

  test("is one context for all who open it, which goes with the last of them", () => {
    using sim = simulate({ cuda: 1 });
    {
      using first = CudaDevice.open();
      using second = CudaDevice.open();
      first.close();
      using memory = second.allocate(100);
      expect(second.stats().bytesAllocated).toBe(100);
      expect(memory.byteLength).toBe(100);
      expect(sim.leaks()).not.toEqual([]);
    }
    expect(sim.cuda.calls("cuDevicePrimaryCtxRetain")).toBe(1);
    expect(sim.cuda.calls("cuDevicePrimaryCtxRelease")).toBe(1);
    expect(sim.leaks()).toEqual([]);
  });

  test("stays for the streams and the memory that outlive it", () => {
    using sim = simulate({ cuda: 1 });
    const device = CudaDevice.open();
    const stream = device.createStream();
    const memory = device.allocate(4);
    device.close();
    stream.upload(memory, Uint8Array.of(1, 2, 3, 4));
    expect([...stream.download(memory)]).toEqual([1, 2, 3, 4]);
    stream.close();
    memory.close();
    expect(sim.leaks()).toEqual([]);
  });

  test("that there is not is cuda_missing, and says how many there are", async () => {
    using _sim = simulate({ cuda: 2 });
    expect(() => CudaDevice.open(2)).toThrow(withCode("cuda_missing", "no GPU 2: the driver has 2"));
    await expect(CudaDevice.openAsync(7)).rejects.toThrow(withCode("cuda_missing", "no GPU 7"));
    expect(() => CudaDevice.open(-1)).toThrow(withCode("invalid_argument"));
    expect(() => CudaDevice.open(0.5)).toThrow(withCode("invalid_argument"));
  });

  test("is no error to count where there is none", () => {
    using _sim = simulate({ cuda: 0 });
    expect(CudaDevice.count()).toBe(0);
    expect(CudaDevice.list()).toEqual([]);
    expect(() => CudaDevice.open()).toThrow(withCode("cuda_missing", "the driver has 0"));
  });

  test("whose context cannot be had says why, and can be opened when it can", () => {
    using sim = simulate({ cuda: 1 });
    sim.cuda.fail({ call: "cuDevicePrimaryCtxRetain", error: "outOfMemory" });
    expect(() => CudaDevice.open()).toThrow(withCode("cuda_out_of_memory", "cuDevicePrimaryCtxRetain"));
    using device = CudaDevice.open();
    expect(device.memoryInfo().free).toBeGreaterThan(0);
  });

  test("is opened off the event loop, and aborting rejects with the signal's reason and leaves nothing open", async () => {
    using sim = simulate({ cuda: 1 });
    sim.cuda.delay({ call: "cuDevicePrimaryCtxRetain", delayMs: 300, times: 1 });
    const controller = new AbortController();
    const opening = CudaDevice.openAsync({ signal: controller.signal });
    controller.abort("enough");
    await expect(opening).rejects.toBe("enough");
    expect(sim.leaks()).toEqual([]);
  });

  test("that is closed says so, whatever is asked; closing twice is fine", () => {
    using _sim = simulate({ cuda: 1 });
    const device = CudaDevice.open();
    using open = CudaDevice.open();
    using stream = open.createStream();
    device.close();
    device.close();
    const closed = withCode("closed");
    const calls: (() => unknown)[] = [
      () => device.native,
      () => device.memoryInfo(),
      () => device.createStream(),
      () => device.createEvent(),
      () => device.allocate(1),
      () => device.allocatePinned(1),
      () => device.pool.allocate(1, stream),
      () => device.pool.stats(),
      () => device.pool.trim(),
      () => device.pool.configure({}),
      () => device.stats(),
      () => device.requireUsable(),
      () => device.importMemory(new Uint8Array(64), 1),
      () => device.importEvent(new Uint8Array(64)),
    ];
    for (const call of calls) expect(call).toThrow(closed);
    expect(device.lost).toBe(false);
  });
});

describe("the CUDA driver", () => {
  const program = "../cuda/programs/open.ts";
  const own = join(nativeFolder("test"), libraryName(nativeTarget()));

  test("that is not there is cuda_missing, which says what to do", async () => {
    const ended = await runChild(program, { MILLRACE_CUDA: "/nonexistent/libcuda.so.1" });
    expect(ended).toMatchObject(endedWell);
    const { code, message } = JSON.parse(ended.stdout);
    expect(code).toBe("cuda_missing");
    expect(message).toContain("/nonexistent/libcuda.so.1");
    expect(message).toContain("MILLRACE_CUDA");
  });

  test("that is another library is unusable, and the message names the function that it lacks", async () => {
    const ended = await runChild(program, { MILLRACE_CUDA: own });
    expect(ended).toMatchObject(endedWell);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      code: "driver_unusable",
      message: expect.stringContaining("cuInit"),
    });
  });

  test("is the library that the variable names, or the option before it, and the log says which", async () => {
    const simulator = own.replace("libmillrace.", "libmillrace-sim-cuda.");
    const ended = await runChild(program, { MILLRACE_CUDA: simulator });
    expect(ended).toMatchObject(endedWell);
    const { count, lines } = JSON.parse(ended.stdout);
    expect(count).toBe(1);
    expect(lines).toEqual([expect.stringContaining(`${simulator} (12.8): as MILLRACE_CUDA says`)]);
    const given = await runChild(program, { MILLRACE_CUDA: "/nonexistent", CUDA_LIBRARY: simulator });
    expect(JSON.parse(given.stdout).lines).toEqual([expect.stringContaining("as the option says")]);
  });
});

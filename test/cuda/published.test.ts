import { describe, expect, test } from "bun:test";
import { CudaDevice, DArray } from "../../src/cuda/index.ts";
import { pattern, withCode } from "./expected.ts";
import { GpuScene } from "./gpu-scene.ts";

const bytes = pattern(4096);

describe("a GPU tensor that is published by name", () => {
  test("is found by another process, which sees and writes the same bytes", async () => {
    using scene = new GpuScene();
    using published = scene.publish("frame", bytes, { attributes: { camera: 7 } });
    await using peer = await scene.peer();
    expect(published.importers).toBe(0);
    const seen = await peer.run(({ gpu, job, stream, kept }) => {
      const tensor = gpu.get(job, "frame");
      kept["frame"] = tensor;
      const { dtype, shape, strides, byteOffset, byteLength, readOnly, attributes, memory } = tensor;
      const read = [...stream.download(memory)];
      stream.fill(memory, 9, { count: 3 });
      stream.synchronize();
      return { dtype, shape, strides, byteOffset, byteLength, readOnly, attributes, origin: memory.origin, read };
    });
    expect(seen).toEqual({
      dtype: "uint8",
      shape: [4096],
      strides: [1],
      byteOffset: 0,
      byteLength: 4096,
      readOnly: false,
      attributes: { camera: 7 },
      origin: "imported",
      read: [...bytes],
    });
    expect(published.importers).toBe(1);
    using own = scene.gpu.get(scene.job, "frame");
    expect([...scene.stream.download(own.memory, { byteLength: 4 })]).toEqual([9, 9, 9, bytes[3]!]);
    await peer.run(({ gpu, kept }) => {
      kept["frame"]!.close();
      gpu.close();
    });
    published.free({ timeoutMs: 5000 });
    expect(published.closed).toBe(true);
  });

  test("keeps offset, strides and element type, of a view in a larger memory too", async () => {
    using scene = new GpuScene();
    const view = { dtype: "float16", shape: [3, 5, 2], strides: [-64, 4, 0], byteOffset: 1024 } as const;
    using _published = scene.publish("view", bytes, view);
    await using peer = await scene.peer();
    const there = await peer.run(({ gpu, job }) => {
      using tensor = gpu.get(job, "view", { dtype: "float16" });
      const { dtype, shape, strides, byteOffset, byteLength } = tensor;
      return { dtype, shape, strides, byteOffset, byteLength };
    });
    expect(there).toEqual({ ...view, shape: [...view.shape], strides: [...view.strides], byteLength: 60 });
  });

  test("is the original in the process that published it, in each of its threads", () => {
    using scene = new GpuScene();
    const memory = scene.memory(bytes);
    using _published = memory.publish(scene.job, "own", { dtype: "uint8", shape: [16], stream: scene.stream });
    using got = scene.gpu.get(scene.job, "own");
    expect(got.memory.address).toBe(memory.address);
    expect(got.memory.origin).toBe("plain");
    expect(() => got.requireOwner()).not.toThrow();
    memory.close();
    expect([...scene.stream.download(got.memory)]).toEqual([...bytes]);
  });

  test("may be for reading only, here and there", async () => {
    using scene = new GpuScene();
    using _published = scene.publish("fixed", bytes, { readOnly: true });
    using own = scene.gpu.get(scene.job, "fixed");
    expect(own.readOnly).toBe(true);
    expect(() => scene.stream.fill(own.memory, 1)).toThrow(withCode("access_denied"));
    // What does not say so itself is found out by the native side.
    const { native, byteLength, memoryKind, device } = own.memory;
    const disguised = { native, byteLength, memoryKind, device } as typeof own.memory;
    using array = new DArray({ allocation: disguised, dtype: "uint8", shape: [64], stream: scene.stream });
    expect(() => array.fill(1)).toThrow(withCode("access_denied"));
    await using peer = await scene.peer();
    const told = await peer.run(({ gpu, job, stream }) => {
      using tensor = gpu.get(job, "fixed");
      const attempts = [
        () => stream.fill(tensor.memory, 1),
        () => stream.upload(tensor.memory, new Uint8Array(4)),
        () => stream.copy(tensor.memory, tensor.memory.at(64), 64),
      ];
      const codes = attempts.map((attempt) => {
        try {
          return attempt();
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
      return [tensor.readOnly, ...codes, stream.download(tensor.memory, { byteLength: 1 })[0]];
    });
    expect(told).toEqual([true, "access_denied", "access_denied", "access_denied", bytes[0]]);
  });

  test("appears when what its stream was asked before has been done", async () => {
    using scene = new GpuScene();
    await using peer = await scene.peer();
    scene.sim.cuda.delay({ call: "cuMemcpyHtoDAsync", asynchronous: true, delayMs: 200, times: 2 });
    const read = (name: string) =>
      peer.run(async ({ gpu, job, stream }, name) => {
        using tensor = await gpu.waitFor(job, name, { timeoutMs: 5000 });
        return [...stream.download(tensor.memory)];
      }, name);
    const first = read("late");
    using _late = scene.publish("late", bytes);
    expect(await first).toEqual([...bytes]);
    const second = read("later");
    const memory = scene.memory(bytes);
    using _later = await memory.publishAsync(scene.job, "later", { dtype: "uint8", shape: [1], stream: scene.stream });
    expect(await second).toEqual([...bytes]);
  });

  test("does not appear when what its stream was asked before has failed", async () => {
    using scene = new GpuScene();
    const memory = scene.gpu.allocate(64);
    const options = { dtype: "uint8", shape: [64], stream: scene.stream } as const;
    for (const publish of [
      async () => memory.publish(scene.job, "broken", options),
      () => memory.publishAsync(scene.job, "broken", options),
    ]) {
      scene.sim.cuda.fail({ call: "cuMemsetD8Async", error: "invalidValue" });
      scene.stream.fill(memory, 1);
      await expect(publish()).rejects.toThrow(withCode("cuda_error"));
      expect(scene.job.has("broken")).toBe(false);
    }
    memory.close();
  });

  test("takes a name as tensors of the host do", () => {
    using scene = new GpuScene();
    using first = scene.publish("name", bytes);
    expect(() => scene.publish("name", bytes)).toThrow(withCode("exists"));
    using second = scene.publish("name", pattern(64), { replace: true });
    {
      using got = scene.gpu.get(scene.job, "name");
      expect(got.shape).toEqual([64]);
    }
    expect(scene.job.list()).toEqual(["name"]);
    second.close();
    expect(scene.job.has("name")).toBe(false);
    expect(first.closed).toBe(false);
    expect(scene.gpu.tryGet(scene.job, "name")).toBeUndefined();
    expect(() => scene.gpu.get(scene.job, "name")).toThrow(withCode("not_found"));
  });

  test("is not fetched as a tensor of the host, nor the other way round", async () => {
    using scene = new GpuScene();
    using _published = scene.publish("on the GPU", bytes);
    scene.job.publishArray(Float32Array.of(1), "on the host");
    expect(() => scene.job.get("on the GPU")).toThrow(withCode("gpu_tensor", "CudaDevice.get"));
    expect(() => scene.job.tryGet("on the GPU")).toThrow(withCode("gpu_tensor"));
    await expect(scene.job.waitFor("on the GPU")).rejects.toThrow(withCode("gpu_tensor"));
    expect(() => scene.gpu.get(scene.job, "on the host")).toThrow(withCode("host_tensor", "FastIOContext.get"));
    await expect(scene.gpu.waitFor(scene.job, "on the host")).rejects.toThrow(withCode("host_tensor"));
    scene.job.get("on the host").free();
  });

  test("is fetched on the GPU that it lies on", async () => {
    using scene = new GpuScene();
    using other = CudaDevice.open(1);
    using _published = scene.publish("here", bytes);
    expect(() => other.get(scene.job, "here")).toThrow(withCode("wrong_device", "GPU 0"));
    await using peer = await scene.peer();
    const code = await peer.run(({ CudaDevice, job }) => {
      using second = CudaDevice.open(1);
      try {
        return second.get(job, "here").dtype;
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(code).toBe("wrong_device");
  });

  test("may be an array, whose view of the memory it keeps; what is fetched makes an array again", async () => {
    using scene = new GpuScene();
    const { gpu, job, stream } = scene;
    const allocation = scene.memory(new Uint8Array(Float32Array.from({ length: 24 }, (_, index) => index).buffer));
    using whole = new DArray({ allocation, shape: [4, 6], stream });
    using view = whole.slice("::-2", "1:4").T;
    using _published = view.publish(job, "view", { readOnly: true, attributes: { of: "test" } });
    using _again = await view.publishAsync(job, "view again");
    using pooled = DArray.zeros([2], { stream });
    expect(() => pooled.publish(job, "x")).toThrow(withCode("not_shareable"));
    using onHost = DArray.zeros([2]);
    expect(() => onHost.publish(job, "x")).toThrow(withCode("invalid_argument", "host"));
    using tensor = gpu.get(job, "view");
    using array = new DArray({ ...tensor, allocation: tensor.memory, stream });
    expect([array.shape, array.strides, array.byteOffset]).toEqual([view.shape, view.strides, view.byteOffset]);
    expect(array.toHost()).toEqual(view.toHost());
    expect(() => array.fill(1)).toThrow(withCode("access_denied"));
    expect(() => view.copy({ dst: array as never })).toThrow(withCode("access_denied"));
  });

  test("is checked before it is published", () => {
    using scene = new GpuScene();
    const memory = scene.memory(bytes);
    using pooled = scene.gpu.allocate(64, { stream: scene.stream });
    const good = { dtype: "float32", shape: [1024] } as const;
    using _published = memory.publish(scene.job, "good", good);
    using got = scene.gpu.get(scene.job, "good");
    const cases = [
      [pooled, "x", { ...good, shape: [1] }, "not_shareable"],
      [got.memory, "x", good, "not_shareable"],
      [memory, "", good, "invalid_name"],
      [memory, "x", { ...good, shape: [1025] }, "out_of_bounds"],
      [memory, "x", { ...good, byteOffset: 4 }, "out_of_bounds"],
      [memory, "x", { ...good, byteOffset: 2 }, "invalid_argument"],
      [memory, "x", { ...good, shape: [2], strides: [-1] }, "out_of_bounds"],
      [memory, "x", { ...good, strides: [1, 1] }, "invalid_argument"],
      [memory, "x", { ...good, dtype: "float31" as "float32" }, "invalid_dtype"],
      [memory, "x", { ...good, shape: [-1] }, "invalid_shape"],
      [memory, "x", { ...good, shape: new Array(17).fill(1) }, "invalid_shape"],
      [memory, "x", { ...good, attributes: { long: "x".repeat(4096) } }, "attributes_too_large"],
    ] as const;
    for (const [from, name, options, code] of cases) {
      expect(() => from.publish(scene.job, name, options)).toThrow(withCode(code));
    }
    memory.close();
    expect(() => memory.publish(scene.job, "x", good)).toThrow(withCode("closed"));
    expect(scene.job.list()).toEqual(["good"]);
  });

  test("must have the element type that is asked for", async () => {
    using scene = new GpuScene();
    using _published = scene.publish("bytes", bytes);
    expect(() => scene.gpu.get(scene.job, "bytes", { dtype: "float32" })).toThrow(withCode("wrong_dtype"));
    const awaited = scene.gpu.waitFor(scene.job, "bytes", { dtype: "float32" });
    await expect(awaited).rejects.toThrow(withCode("wrong_dtype"));
    using got = scene.gpu.get(scene.job, "bytes", { dtype: "uint8" });
    expect(got.dtype).toBe("uint8");
  });

  test("is waited for until it is there, or as long as one likes", async () => {
    using scene = new GpuScene();
    const { gpu, job } = scene;
    await expect(gpu.waitFor(job, "never", { timeoutMs: 10 })).rejects.toThrow(withCode("deadline"));
    const reason = new Error("enough");
    const aborted = gpu.waitFor(job, "never", { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
    const waiting = gpu.waitFor(job, "soon");
    await Bun.sleep(5);
    using _published = scene.publish("soon", bytes);
    using tensor = await waiting;
    expect(tensor.name).toBe("soon");
    const closing = gpu.waitFor(job, "never");
    job.close();
    await expect(closing).rejects.toThrow(withCode("closed"));
    expect(() => gpu.get(job, "soon")).toThrow(withCode("closed"));
  });
});

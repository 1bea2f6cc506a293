import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Bufferizer } from "../../../src/bufferizer/index.ts";
import { DArray } from "../../../src/cuda/darray/index.ts";
import { CudaDevice } from "../../../src/cuda/index.ts";
import { type PreprocessModelOptions, preprocessModel } from "../../../src/popef/index.ts";
import { ModelRunner, type ModelRunnerConfig } from "../../../src/runner/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { failure } from "../fixture.ts";
import { pixels } from "./images.ts";

const input = { width: 6, height: 4 };
const each = 6 * 4 * 3;
const options = { input, size: { width: 3, height: 2 }, normalize: "unit", batchSize: 2 } as const;

async function load(config: ModelRunnerConfig, given: PreprocessModelOptions = options): Promise<ModelRunner> {
  using model = preprocessModel(given);
  return await ModelRunner.load(model, config);
}

interface Sample {
  readonly first: number;
  readonly count: number;
  readonly from: string;
  readonly to: string;
}

/** What the processor makes of it, which `kernels.test.ts` compares with the reference. */
async function onHost(image: Uint8Array, given: PreprocessModelOptions = options): Promise<Float32Array> {
  await using runner = await load({}, given);
  return runner.execute({ image })["images"]!.data as Float32Array;
}

describe("a model of our own kernels on a simulated GPU", () => {
  test("gives what the processor gives, blocking and not, from whatever host memory", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      await using runner = await load({ device });
      const image = pixels(2 * each);
      const wanted = await onHost(image);
      expect(runner.execute({ image })["images"]!.data).toEqual(wanted);
      expect((await runner.executeAsync({ image }))["images"]!.data).toEqual(wanted);
      using memory = new TensorMemory(image.length);
      memory.getView().as("uint8").set(image);
      using images = new TensorMemory(wanted.byteLength);
      await runner.executeAsync({ image: memory }, { outputs: { images } });
      expect(images.getView().as("float32")).toEqual(wanted);
      using pinned = device.allocatePinned(image.length);
      pinned.getView().as("uint8").set(image);
      expect((await runner.executeAsync({ image: pinned }))["images"]!.data).toEqual(wanted);
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("reads and writes arrays of the device where they lie, after what is queued on their stream", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      using stream = device.createStream();
      await using runner = await load({ device });
      const image = pixels(2 * each);
      const wanted = await onHost(image);
      await runner.executeAsync({ image });
      const before = device.stats();
      using frames = DArray.from(image, { stream, shape: [2, 4, 6, 3] });
      using images = DArray.zeros([2, 3, 2, 3], { stream });
      const result = await runner.executeAsync({ image: frames }, { outputs: { images } });
      const after = device.stats();
      expect(after.bytesToHost - before.bytesToHost).toBe(0);
      expect(after.bytesToDevice - before.bytesToDevice).toBe(image.length);
      expect(after.bytesOnDevice - before.bytesOnDevice).toBe(0);
      expect(await images.toHostAsync()).toEqual(wanted);
      expect([result["images"]!.memoryKind, result["images"]!.shape]).toEqual(["device", [2, 3, 2, 3]]);
      expect(() => result["images"]!.data).toThrow(failure("wrong_memory", "device") as Error);
      const onlyInput = await runner.executeAsync({ image: frames });
      expect(onlyInput["images"]!.data).toEqual(wanted);
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("merges requests of host and device memory into one batch", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      using stream = device.createStream();
      const given = { ...options, batchSize: 4 };
      await using runner = await load({ device, batchingDim: 0, timeoutNs: 1e6 }, given);
      const image = pixels(9 * each);
      const all = await onHost(image, { ...given, batchSize: 9 });
      const part = (from: number, to: number) => all.subarray(from * 18, to * 18);
      using third = DArray.from(image.subarray(3 * each, 4 * each), { stream, shape: [1, 4, 6, 3] });
      using last = DArray.from(image.subarray(4 * each), { stream, shape: [5, 4, 6, 3] });
      using out = DArray.zeros([1, 3, 2, 3], { stream });
      const answers = await Promise.all([
        runner.executeAsync({ image: image.slice(0, 3 * each) }),
        runner.executeAsync({ image: third }, { outputs: { images: out } }),
        runner.executeAsync({ image: last }),
      ]);
      expect(answers[0]!["images"]!.data).toEqual(part(0, 3));
      expect(await out.toHostAsync()).toEqual(part(3, 4));
      expect(answers[2]!["images"]!.data).toEqual(part(4, 9));
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("requests of any rows and memory, together, each get what they would alone", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      using stream = device.createStream();
      const given = { ...options, batchSize: 3 };
      await using runner = await load({ device, batchingDim: 0, timeoutNs: 1e5 }, given);
      const image = pixels(6 * each);
      const all = await onHost(image, { ...given, batchSize: 6 });
      const kinds = fc.constantFrom("heap", "native", "device");
      const request = fc.record({ first: fc.nat(5), count: fc.integer({ min: 1, max: 6 }), from: kinds, to: kinds });
      const run = async ({ first, count, from, to }: Sample) => {
        using own = new DisposableStack();
        const rows = Math.min(count, 6 - first);
        const bytes = image.slice(first * each, (first + rows) * each);
        const wanted = all.slice(first * 18, (first + rows) * 18);
        const shape = [rows, 3, 2, 3];
        const native = (data: Uint8Array) => {
          const memory = own.use(new TensorMemory(data.length));
          memory.getView().as("uint8").set(data);
          return memory;
        };
        const onDevice = () => own.use(DArray.from(bytes, { stream, shape: [rows, 4, 6, 3] }));
        const input = from === "heap" ? bytes : from === "native" ? native(bytes) : onDevice();
        const array = to === "device" ? own.use(DArray.zeros(shape, { stream })) : undefined;
        const memory = to === "native" ? own.use(new TensorMemory(wanted.byteLength)) : undefined;
        const images = array ?? memory;
        const answer = await runner.executeAsync({ image: input }, images && { outputs: { images } });
        expect(answer["images"]!.shape).toEqual(shape);
        expect(array ? await array.toHostAsync() : answer["images"]!.data).toEqual(wanted);
      };
      await fc.assert(
        fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
          await Promise.all(requests.map(run));
        }),
        { numRuns: 25 },
      );
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("takes a full Bufferizer of the device without a copy", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      using stream = device.createStream();
      await using runner = await load({ device });
      const image = pixels(2 * each);
      const wanted = await onHost(image);
      await runner.executeAsync({ image });
      using frames = new Bufferizer({ shape: [4, 6, 3], bufferSize: 2, dtype: "uint8", stream });
      frames.append(image.subarray(0, each));
      frames.append(image.subarray(each));
      using batch = frames.take();
      await stream.synchronizeAsync();
      const before = device.stats();
      const answer = await runner.executeAsync({ image: batch });
      const after = device.stats();
      expect(answer["images"]!.data).toEqual(wanted);
      expect([after.bytesToDevice - before.bytesToDevice, after.bytesOnDevice - before.bytesOnDevice]).toEqual([0, 0]);
      expect(runner.stats().bytesReferenced).toBe(image.length);
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("a request whose stream failed fails with that, and others do not", async () => {
    using sim = simulate({ cuda: 1 });
    using device = CudaDevice.open(0);
    using stream = device.createStream();
    await using runner = await load({ device, batchingDim: 0, timeoutNs: 5e7 });
    const image = pixels(each);
    const wanted = await onHost(new Uint8Array([...image, ...image]));
    await runner.executeAsync({ image });
    using frames = DArray.from(image, { stream, shape: [1, 4, 6, 3] });
    await stream.synchronizeAsync();
    sim.cuda.fail({ call: "cuLaunchKernel", error: "invalidValue" });
    frames.fill(1);
    const [bad, good] = await Promise.allSettled([
      runner.executeAsync({ image: frames }),
      runner.executeAsync({ image }),
    ]);
    expect(bad.status === "rejected" && bad.reason).toEqual(failure("cuda_error", "invalid"));
    expect(good.status === "fulfilled" && good.value["images"]!.data).toEqual(wanted.subarray(0, 18));
  });

  test("a GPU without a stream or memory to give is an error, and the next request works", async () => {
    using sim = simulate({ cuda: 1 });
    {
      using device = CudaDevice.open(0);
      sim.cuda.fail({ call: "cuStreamCreateWithPriority", error: "outOfMemory" });
      await expect(load({ device })).rejects.toEqual(failure("cuda_out_of_memory", "GPU 0"));
      await using runner = await load({ device });
      const image = pixels(2 * each);
      const wanted = await onHost(image);
      sim.cuda.fail({ call: "cuMemAlloc", error: "outOfMemory" });
      await expect(runner.executeAsync({ image })).rejects.toEqual(failure("cuda_out_of_memory", "GPU 0"));
      expect((await runner.executeAsync({ image }))["images"]!.data).toEqual(wanted);
      for (const call of ["cuMemcpyHtoDAsync", "cuLaunchKernel", "cuMemcpyDtoHAsync"]) {
        sim.cuda.fail({ call, error: "invalidValue" });
        await expect(runner.executeAsync({ image })).rejects.toEqual(failure("cuda_error", "GPU 0"));
        expect((await runner.executeAsync({ image }))["images"]!.data).toEqual(wanted);
      }
    }
    expect(sim.leaks()).toEqual([]);
  });

  test("refuses memory of another device, gaps, and every device's when it runs on the processor", async () => {
    using _sim = simulate({ cuda: 2 });
    using devices = new DisposableStack();
    const [first, second] = [devices.use(CudaDevice.open(0)), devices.use(CudaDevice.open(1))];
    const stream = devices.use(second.createStream());
    const frames = devices.use(DArray.zeros([2, 4, 6, 3], { stream, dtype: "uint8" }));
    const wide = devices.use(DArray.zeros([2, 4, 12, 3], { stream, dtype: "uint8" }));
    const gaps = devices.use(wide.slice(":", ":", "0:6", ":"));
    await using onFirst = await load({ device: first });
    await using onSecond = await load({ device: second });
    await using onCpu = await load({});
    const refused = (runner: ModelRunner, image: DArray<"uint8">, ...words: string[]) =>
      expect(runner.executeAsync({ image })).rejects.toEqual(failure("wrong_memory", ...words));
    await refused(onFirst, frames, "GPU 1");
    await refused(onCpu, frames, '"image"', "toHost");
    await refused(onSecond, gaps, '"image"', "gaps", "copy");
    expect((await onSecond.executeAsync({ image: frames }))["images"]!.shape).toEqual([2, 3, 2, 3]);
  });

  test("a lost device ends what runs and what waits, each with its name", async () => {
    using sim = simulate({ cuda: 1 });
    using device = CudaDevice.open(0);
    await using runner = await load({ device });
    const image = pixels(2 * each);
    await runner.executeAsync({ image });
    sim.cuda.fail({ call: "cuLaunchKernel", error: "launchFailed" });
    const requests = Array.from({ length: 8 }, () => runner.executeAsync({ image }));
    const lost = failure("device_lost", "GPU 0");
    const outcomes = await Promise.allSettled(requests);
    for (const outcome of outcomes) expect(outcome).toEqual({ status: "rejected", reason: lost });
    await expect(runner.executeAsync({ image })).rejects.toEqual(lost);
    expect(() => runner.execute({ image })).toThrow(lost as Error);
  });

  test("replicas on other devices go on when one is lost", async () => {
    using sim = simulate({ cuda: 2 });
    using first = CudaDevice.open(0);
    using second = CudaDevice.open(1);
    await using runner = await load({ replicationFactor: 2, replicaToDevice: { 0: first, 1: second } });
    const image = pixels(2 * each);
    const wanted = await onHost(image);
    sim.cuda.fail({ call: "cuLaunchKernel", error: "launchFailed" });
    await expect(runner.executeAsync({ image }, { replicaId: 0 })).rejects.toEqual(failure("device_lost", "GPU 0"));
    for (let turn = 0; turn < 4; turn++) {
      expect((await runner.executeAsync({ image }))["images"]!.data).toEqual(wanted);
    }
  });

  test("every replica has a GPU, or none", async () => {
    using _sim = simulate({ cuda: 1 });
    using device = CudaDevice.open(0);
    await expect(load({ replicationFactor: 2, replicaToDevice: { 0: device } })).rejects.toEqual(
      failure("invalid_argument", "replica 1"),
    );
    await using shared = await load({ replicationFactor: 3, device });
    const image = pixels(2 * each);
    const wanted = await onHost(image);
    const answers = await Promise.all([0, 1, 2].map((replicaId) => shared.executeAsync({ image }, { replicaId })));
    for (const answer of answers) expect(answer["images"]!.data).toEqual(wanted);
  });
});

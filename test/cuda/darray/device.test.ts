import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CudaDevice, DArray, DImage, type Stream } from "../../../src/cuda/index.ts";
import { asTensor, TensorMemory } from "../../../src/tensor/index.ts";
import { type Simulation, simulate } from "../../../src/testing/index.ts";
import { failsWith } from "./fails-with.ts";
import { imageOf, images } from "./image/reference.ts";
import { laidOut } from "./laid-out.ts";

let simulation: Simulation;
let device: CudaDevice;
let stream: Stream;

beforeAll(() => {
  simulation = simulate({ cuda: 2 });
  device = CudaDevice.open();
  stream = device.createStream();
});

afterAll(() => {
  stream.close();
  device.close();
  const leaks = simulation.leaks();
  simulation.close();
  expect(leaks).toEqual([]);
});

/** Disposes with the test what is passed through it. */
type Own = <T extends Disposable>(value: T) => T;

function owning(work: (own: Own) => void): void {
  using owned = new DisposableStack();
  work((value) => owned.use(value));
}

/** The array's memory and layout on the device: the whole allocation is copied, and the same view taken of it. */
function onDevice(array: DArray, own: Own): DArray {
  const { allocation, shape, strides, byteOffset, dtype } = array;
  const memory = allocation as TensorMemory;
  const copy = own(device.allocate(memory.dataSizeBytes, { stream }));
  stream.upload(copy, memory);
  return own(new DArray({ allocation: copy, shape, strides, byteOffset, dtype, stream }));
}

const operations: Record<string, (a: DArray, b: DArray, own: Own) => DArray> = {
  add: (a, b) => a.add(b),
  rdiv: (a, b) => a.rdiv(b),
  "sub of a number": (a) => a.sub(3),
  "mul in place": (a, b) => a.mul(b, { dst: a }),
  "scale and shift": (a, _, own) => own(a.scale(0.5)).shift(2),
  abs: (a) => a.abs(),
  copy: (a) => a.copy(),
  flatten: (a) => a.T.flatten(),
  astype: (a) => a.astype("float64"),
  "astype to bfloat16": (a) => a.astype("bfloat16"),
  "fill of a view": (a) => {
    a.slice("...", "::-2").fill(7);
    return a;
  },
  "assign of an overlapping view": (a, _, own) => {
    a.slice("::-1").assign(own(a.copy()));
    a.slice("1:").assign(a.slice(":-1"));
    return a;
  },
  fromHost: (a) => {
    a.T.fromHost({ data: a.T.toHost(), dtype: a.dtype, shape: a.T.shape });
    return a;
  },
};

describe("on a device", () => {
  test.each(Object.entries(operations))("%s gives what it gives on the host", (_, operate) => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    const cases = fc
      .tuple(shapes, fc.constantFrom("int32", "float32", "float16", "uint8"))
      .chain(([shape, dtype]) => fc.tuple(laidOut(shape, dtype as "int32"), laidOut(shape, dtype as "int32")));
    fc.assert(
      fc.property(cases, ([one, other]) =>
        owning((own) => {
          const [a, b] = [own(one.make()), own(other.make())];
          const there = own(operate(onDevice(a, own), onDevice(b, own), own));
          const here = own(operate(a, b, own));
          expect(there).toMatchObject({ shape: here.shape, dtype: here.dtype, memoryKind: "device", stream });
          // As plain numbers: a Float16Array with a NaN in it equals no other one, says the matcher.
          expect([...there.toHost()]).toEqual([...here.toHost()]);
        }),
      ),
      { numRuns: 20 },
    );
  });

  test("images are worked on as on the host", () => {
    const size = { width: 7, height: 5 };
    const boxes = [[0, 0, 1, 1]] as const;
    const operations: ((of: DImage) => DImage)[] = [
      (of) => of.resize(size),
      (of) => of.letterbox(size).image,
      (of) => of.cropAndResize(boxes, size),
      (of) => of.cropAndResize(boxes, size, { images: [0] }),
      (of) => of.cvtColor("gray"),
      (of) => of.normalize("tf"),
      (of) => of.preprocess({ size, color: "bgr", normalize: "unit", dtype: "float16" }),
    ];
    fc.assert(
      fc.property(images(3), fc.boolean(), (pixels, spread) =>
        owning((own) => {
          const image = own(imageOf(pixels, "HWC", "uint8", spread));
          const there = own(DImage.of(onDevice(image, own), { layout: "HWC" }));
          for (const operate of operations) expect(own(operate(there)).toHost()).toEqual(own(operate(image)).toHost());
        }),
      ),
      { numRuns: 20 },
    );
  });

  test("a box that was not looked at gives padding", () => {
    using image = new DImage({ array: Uint8Array.of(1, 2), shape: [1, 2, 1], layout: "HWC", stream });
    using boxes = DArray.from(Int32Array.of(0, 0, 1, 1, 1, 0, 3, 1, 1, 0, 1, 1), { shape: [3, 4], stream });
    using result = image.cropAndResize(boxes, { width: 1, height: 1 }, { padding: 9 });
    expect(result.toHost()).toEqual(Uint8Array.of(1, 9, 9));
  });

  test("values come from arrays, native memory, tensors and arrays elsewhere, and go back", async () => {
    using memory = new TensorMemory(8);
    memory.getView().as("float32").set([1, 2]);
    const host = DArray.from(Float32Array.of(1, 2, 0, 0), { shape: [2, 2] });
    for (const values of [
      Float32Array.of(1, 2),
      memory.getView().as("float32"),
      asTensor(Float32Array.of(1, 2)),
      host.slice(0),
    ]) {
      using array = DArray.from(values as Float32Array, { stream });
      expect(array.toHost()).toEqual(Float32Array.of(1, 2));
      expect(await array.toHostAsync()).toEqual(Float32Array.of(1, 2));
      expect(DArray.from(array).data).toEqual(Float32Array.of(1, 2));
      const bytes = array.bytes();
      expect(new Float32Array(bytes.buffer, bytes.byteOffset)).toEqual(Float32Array.of(1, 2));
    }
    using array = DArray.zeros([2, 2], { stream });
    using turned = array.T;
    expect(await turned.fromHostAsync(Float32Array.of(1, 2, 3, 4))).toBe(turned);
    const dst = memory.getView().as("float32");
    using row = array.slice(0);
    expect(row.toHost({ dst })).toBe(dst);
    expect(dst).toEqual(Float32Array.of(1, 3));
    expect(await turned.toHostAsync({ dst: new Float32Array(4) })).toEqual(Float32Array.of(1, 2, 3, 4));
    await expect(array.toHostAsync({ signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });

  test("work of another stream is waited for only where it is asked for", () => {
    using other = device.createStream();
    using array = DArray.ones([1000], { stream });
    using there = array.withStream(other);
    expect(there).toMatchObject({ stream: other, allocation: array.allocation });
    using sum = there.add(1);
    expect(sum.toHost()).toEqual(new Float32Array(1000).fill(2));
    expect(() => array.add(there)).toThrow(failsWith("wrong_device", "two streams"));
    expect(() => array.add(1, { dst: there })).toThrow(failsWith("wrong_device"));
    using copy = DArray.from(array, { stream: other });
    expect(copy.toHost()).toEqual(new Float32Array(1000).fill(1));
  });

  test("work that fails is told to who waits for it, once", () => {
    using array = DArray.ones([3], { stream });
    stream.synchronize();
    simulation.cuda.fail({ call: "cuLaunchKernel", error: "launchOutOfResources" });
    array.add(1, { dst: array });
    expect(() => array.toHost()).toThrow(failsWith("cuda_error", "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"));
    expect(array.toHost()).toEqual(Float32Array.of(1, 1, 1));
    expect(() => DArray.empty([2 ** 33], { stream })).toThrow(failsWith("cuda_out_of_memory"));
  });

  test("with dst nothing is allocated, whatever the operation", () => {
    using image = new DImage({ shape: [8, 6, 3], dtype: "uint8", stream });
    using dst = DArray.empty([2, 3, 4, 4], { stream });
    using slot = dst.slice("1:");
    using one = dst.slice(0);
    using other = dst.slice(1);
    const allocations = () =>
      ["cuMemAlloc", "cuMemAllocAsync", "cuMemAllocFromPoolAsync"].map((call) => simulation.cuda.calls(call));
    const before = allocations();
    image.preprocess({ size: { width: 4, height: 4 }, letterbox: true, normalize: "unit", dst: slot });
    one.add(other, { dst: one }).scale(2, { dst: other }).astype("float32", { dst: one }).fill(3);
    stream.synchronize();
    expect(allocations()).toEqual(before);
    expect(simulation.cuda.calls("cuLaunchKernel")).toBeGreaterThan(0);
  });

  test("memory and streams of one GPU go together, whoever opened it; those of two do not", () => {
    using again = CudaDevice.open(0);
    using stranger = CudaDevice.open(1);
    using sameGpu = again.createStream();
    using otherGpu = stranger.createStream();
    using memory = device.allocate(8);
    using array = new DArray({ allocation: memory, shape: [2], stream: sameGpu }).fill(2);
    using there = array.withStream(stream);
    expect(there.toHost()).toEqual(Float32Array.of(2, 2));
    expect(() => new DArray({ allocation: memory, shape: [2], stream: otherGpu })).toThrow(
      failsWith("wrong_device", "different GPUs"),
    );
    expect(() => array.withStream(otherGpu)).toThrow(failsWith("wrong_device"));
    using copy = DArray.from(array, { stream: otherGpu });
    expect(copy.toHost()).toEqual(Float32Array.of(2, 2));
  });

  test("host and device do not mix", () => {
    using array = DArray.ones([2], { stream });
    using host = DArray.ones([2]);
    expect(() => array.add(host)).toThrow(failsWith("wrong_device", "on a stream"));
    expect(() => host.assign(array)).toThrow(failsWith("wrong_device"));
    expect(() => array.data).toThrow(failsWith("wrong_device", "lies on a device"));
    expect(() => host.withStream(stream)).toThrow(failsWith("wrong_device"));
    const { allocation } = array as unknown as { allocation: TensorMemory };
    expect(() => new DArray({ allocation, shape: [2] })).toThrow(failsWith("wrong_device", "needs a stream"));
    expect(() => new DArray({ allocation: new TensorMemory(8), shape: [2], stream })).toThrow(
      failsWith("wrong_device"),
    );
    using pinned = device.allocatePinned(8);
    expect(new DArray({ allocation: pinned, shape: [2] }).fill(3).data).toEqual(Float32Array.of(3, 3));
    expect(new DArray({ allocation: pinned, shape: [2] }).memoryKind).toBe("pinned");
  });
});

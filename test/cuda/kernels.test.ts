import { afterAll, beforeAll, expect, test } from "bun:test";
import { CudaDevice, type DeviceMemory, type Stream } from "../../src/cuda/index.ts";
import { check, codeOf } from "../../src/native/check.ts";
import { native } from "../../src/native/library.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { describe, Kernel, NativeArray, run } from "../native/kernel/arrays.ts";
import { scalarsOf } from "../native/kernel/case.ts";
import { expected, unpack } from "../native/kernel/fixtures.ts";

/** On a machine that has a GPU, MILLRACE_TEST_GPU=1 runs these on it. */
const real = process.env["MILLRACE_TEST_GPU"] === "1";
let sim: Simulation | undefined;
let gpu: CudaDevice;
let stream: Stream;

beforeAll(() => {
  if (!real) sim = simulate({ cuda: 2 });
  gpu = CudaDevice.open(0);
  stream = gpu.createStream();
});

afterAll(() => {
  stream.close();
  gpu.close();
  const leaks = sim?.leaks() ?? [];
  sim?.close();
  expect(leaks).toEqual([]);
});

/** The same array in memory of the device, with the bytes that it has on the host. */
function onDevice(array: NativeArray): { array: NativeArray; memory: DeviceMemory } {
  const memory = gpu.allocate(array.memory.byteLength);
  stream.upload(memory, array.bytes);
  return { memory, array: Object.assign(Object.create(array), { memory: memory.native }) };
}

function launch(kernel: number, operands: readonly NativeArray[], scalars: readonly number[]): number {
  const { slot, generation } = stream.native;
  describe(operands, scalars);
  return native.mr_kernel_run(slot, generation, kernel, operands.length, scalars.length, 0);
}

test("every image operation gives on a stream what it gives on the host, bit for bit", () => {
  for (const how of expected.cases) {
    using arrays = new DisposableStack();
    const packed = expected.images[how.source]!;
    const out = arrays.use(new NativeArray(how.out.dtype, how.out.shape, { order: [0, 3, 1, 2], gap: 2 }));
    const source = arrays.use(new NativeArray(packed.dtype, packed.shape, { reversed: [2] }).write(unpack(packed)));
    const selections = [how.boxes, how.indices]
      .filter((selection) => selection !== undefined)
      .map((selection) => arrays.use(new NativeArray("int32", selection.shape).write(unpack(selection))));
    const host = [out, source, ...selections];
    const device = host.map((array) => onDevice(array));
    const operands = device.map(({ array }) => array);
    check(launch(Kernel.sample, operands, scalarsOf(how)), how.name);
    // Queued work keeps its memory: sources may go at once.
    for (const { memory } of device.slice(1)) memory.close();
    run(Kernel.sample, host, scalarsOf(how));
    const got = stream.download(device[0]!.memory, { byteLength: out.memory.byteLength });
    device[0]!.memory.close();
    expect([how.name, Buffer.from(got as Uint8Array).equals(out.bytes)]).toEqual([how.name, true]);
  }
});

test("arrays are copied, filled, cast and computed with on a stream, in order", () => {
  using a = new NativeArray("uint8", [7, 5], { order: [1, 0] }).write(Uint8Array.from({ length: 35 }, (_, i) => i));
  using b = new NativeArray("float32", [7, 5], { gap: 3, reversed: [0] });
  const [da, db] = [onDevice(a), onDevice(b)];
  const steps = [
    [Kernel.cast, 2, []],
    [Kernel.arithmetic, 2, [7, 0.5, 1]],
  ] as const;
  for (const [kernel, count, scalars] of steps) {
    const inPlace = kernel === Kernel.arithmetic;
    check(launch(kernel, [db.array, inPlace ? db.array : da.array].slice(0, count), scalars), "launch");
    run(kernel, [b, inPlace ? b : a], scalars);
  }
  expect(stream.download(db.memory, { byteLength: b.memory.byteLength })).toEqual(b.bytes);
  check(launch(Kernel.fill, [da.array], [200]), "launch");
  run(Kernel.fill, [a], [200]);
  expect(stream.download(da.memory, { byteLength: a.memory.byteLength })).toEqual(a.bytes);
  da.memory.close();
  db.memory.close();
});

test("what does not lie in memory of the stream's device is refused before anything is queued", () => {
  using host = new NativeArray("uint8", [8]);
  const near = onDevice(host);
  const codeFor = (array: object): string | undefined =>
    codeOf(launch(Kernel.fill, [Object.assign(Object.create(near.array), array)], [1]));
  expect(codeFor({ shape: [9] })).toBe("out_of_bounds");
  expect(codeFor({ byteOffset: 1 })).toBe("out_of_bounds");
  expect(codeFor({ memory: host.memory })).toBe("wrong_kind");
  near.memory.close();
  expect(codeFor({})).toBe("closed");
  stream.synchronize();
});

test.skipIf(real)("memory of another device is refused", () => {
  using other = CudaDevice.open(1);
  using far = other.allocate(8);
  using host = new NativeArray("uint8", [8]);
  const array = Object.assign(Object.create(host), { memory: far.native });
  expect(codeOf(launch(Kernel.fill, [array], [1]))).toBe("wrong_device");
});

test.skipIf(real)("an array without elements is no launch", () => {
  using host = new NativeArray("uint8", [0, 3]);
  const { array, memory } = onDevice(new NativeArray("uint8", [1]));
  const empty = Object.assign(Object.create(host), { memory: array.memory });
  const before = sim!.cuda.calls("cuLaunchKernel");
  expect(launch(Kernel.fill, [empty], [1])).toBe(0);
  stream.synchronize();
  expect(sim!.cuda.calls("cuLaunchKernel")).toBe(before);
  memory.close();
});

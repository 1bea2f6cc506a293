import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CudaDevice, type DeviceMemory, type Stream } from "../../src/cuda/index.ts";
import { nativeOwnerOf, TensorMemory } from "../../src/tensor/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { Place } from "../fastio/job.ts";
import { pattern, withCode } from "./expected.ts";

let sim: Simulation;
let gpu: CudaDevice;
let stream: Stream;

beforeAll(() => {
  sim = simulate({ cuda: 2 });
  gpu = CudaDevice.open();
  stream = gpu.createStream();
});

afterEach(() => sim.cuda.repair());

afterAll(() => {
  stream.close();
  gpu.close();
  const leaks = sim.leaks();
  sim.close();
  expect(leaks).toEqual([]);
});

describe("copies", () => {
  test("take every kind of input, and bytes come back as they were", () => {
    using memory = gpu.allocate(64);
    using native = new TensorMemory(16);
    using pinned = gpu.allocatePinned(16);
    const bytes = pattern(16);
    native.getView().as("uint8").set(bytes);
    pinned.bytes().set(bytes);
    const inputs = {
      uint8: bytes,
      "part of an array": new Uint8Array([0, 0, ...bytes, 0]).subarray(2, 18),
      float32: new Float32Array(bytes.buffer.slice(0)),
      bigint: new BigUint64Array(bytes.buffer.slice(0)),
      buffer: bytes.buffer.slice(0),
      "data view": new DataView(bytes.buffer.slice(0)),
      "node's buffer": Buffer.from(bytes),
      tensor: { data: new Uint16Array(bytes.buffer.slice(0)), shape: [2, 4], dtype: "bfloat16" },
      "native memory": native,
      "view of native memory": native.getView().as("float32"),
      "pinned memory": pinned,
      "view of pinned memory": pinned.bytes(),
    } as const;
    for (const [name, input] of Object.entries(inputs)) {
      stream.fill(memory, 0);
      stream.upload(memory, input as Uint8Array, { byteOffset: 8 });
      const back = stream.download(memory, { byteOffset: 8, byteLength: 16 });
      expect([name, ...back]).toEqual([name, ...bytes]);
    }
    const into = new Float32Array(4);
    expect(stream.download(memory, { byteOffset: 8, byteLength: 16, into }).buffer).toBe(into.buffer);
    expect(new Uint8Array(into.buffer)).toEqual(bytes);
    stream.download(memory, { byteOffset: 0, byteLength: 16, into: native });
    expect([...native.getView().as("uint8")]).toEqual([...new Uint8Array(8), ...bytes.subarray(0, 8)]);
  });

  test("of JavaScript's arrays are done before the call returns, as far as JavaScript can tell", async () => {
    using memory = gpu.allocate(1 << 16);
    sim.cuda.delay({ call: "cuMemcpyHtoDAsync", delayMs: 20, times: 1 });
    const bytes = pattern(1 << 16);
    const kept = bytes.slice();
    stream.upload(memory, bytes);
    bytes.fill(0);
    expect(Buffer.compare(await stream.downloadAsync(memory), kept)).toBe(0);
  });

  test("of any size and place leave in the memory what a plain array would hold", () => {
    const size = 512;
    using memory = gpu.allocate(size);
    const place = fc.integer({ min: 0, max: size });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("upload" as const), at: place, length: place, seed: fc.nat(9) }),
      fc.record({ kind: fc.constant("move" as const), at: place, from: place, length: place }),
      fc.record({ kind: fc.constant("fill" as const), at: place, length: place, width: fc.constantFrom(1, 2, 4) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const model = new Uint8Array(size);
        stream.fill(memory, 0);
        for (const one of steps) {
          const length = Math.min(one.length, size - one.at);
          if (one.kind === "upload") {
            const bytes = pattern(length, one.seed);
            stream.upload(memory, bytes, { byteOffset: one.at });
            model.set(bytes, one.at);
          } else if (one.kind === "fill") {
            const width = one.width as 1 | 2 | 4;
            const byteOffset = one.at - (one.at % width);
            const count = Math.floor((size - byteOffset) / width / 2);
            stream.fill(memory, 7, { width, byteOffset, count });
            model.subarray(byteOffset, byteOffset + count * width).fill(0);
            for (let i = 0; i < count; i++) model[byteOffset + i * width] = 7;
          } else {
            const free = Math.min(length, size - one.from);
            // What overlaps is the driver's to refuse or not.
            if (Math.abs(one.at - one.from) < free) continue;
            stream.copy(memory.at(one.at), memory.at(one.from), free);
            model.copyWithin(one.at, one.from, one.from + free);
          }
        }
        expect(Buffer.compare(stream.download(memory), model)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test("larger than the staging memory's pieces go piece by piece, both ways", async () => {
    const bytes = Buffer.alloc((16 << 20) * 2 + 12_345);
    for (let i = 0; i < bytes.length; i += 4096) bytes.writeUInt32LE(i, i);
    using memory = gpu.allocate(bytes.length);
    stream.upload(memory, bytes);
    expect(Buffer.compare(stream.download(memory), bytes)).toBe(0);
    expect(Buffer.compare(await stream.downloadAsync(memory), bytes)).toBe(0);
  });

  test("use the same staging memory again and again", () => {
    using memory = gpu.allocate(300_000);
    const bytes = pattern(200_000);
    const upload = (rounds: number) => {
      for (let i = 0; i < rounds; i++) stream.upload(memory, bytes.subarray(i % 64, 100_000 + i), { byteOffset: i });
    };
    for (let i = 0; i < 10; i++) upload(50);
    stream.synchronize();
    const allocated = sim.cuda.calls("cuMemHostAlloc");
    for (let i = 0; i < 10; i++) upload(100);
    stream.synchronize();
    expect(sim.cuda.calls("cuMemHostAlloc")).toBe(allocated);
    expect([...stream.download(memory, { byteOffset: 99, byteLength: 4 })]).toEqual([...bytes.subarray(35, 39)]);
  });

  test("that continue each other are joined, in order and with all their bytes", () => {
    using memory = gpu.allocate(64 * 100);
    const before = gpu.stats();
    sim.cuda.delay({ call: "cuMemsetD8Async", delayMs: 300, times: 1 });
    stream.fill(memory, 0);
    for (let i = 0; i < 100; i++) stream.upload(memory, pattern(64, i), { byteOffset: 64 * i });
    const back = stream.download(memory);
    for (let i = 0; i < 100; i++) expect([...back.subarray(64 * i, 64 * i + 64)]).toEqual([...pattern(64, i)]);
    const { copiesAsked, copiesSubmitted } = gpu.stats();
    expect(copiesAsked - before.copiesAsked).toBe(101);
    expect(copiesSubmitted - before.copiesSubmitted).toBeLessThan(20);
  });

  test("of FastIO allocations go by reference, and keep them", () => {
    using place = new Place();
    const job = place.open();
    using memory = gpu.allocate(4096);
    const allocation = job.create({ dtype: "uint8", shape: [4096] });
    const bytes = pattern(4096);
    allocation.map().set(bytes);
    allocation.publish("frame");
    using reader = job.get("frame");
    const { bytesToDevice } = gpu.stats();
    sim.cuda.delay({ call: "cuMemcpyHtoDAsync", delayMs: 30, times: 1 });
    stream.upload(memory, reader);
    reader.release();
    allocation.free();
    expect(Buffer.compare(stream.download(memory), bytes)).toBe(0);
    expect(gpu.stats().bytesToDevice - bytesToDevice).toBe(4096);
  });

  test("beyond the memory, of what is closed, or of another device are refused, and nothing is done", () => {
    using memory = gpu.allocate(64);
    using other = CudaDevice.open(1);
    using far = other.allocate(64);
    using foreign = other.createStream();
    using event = other.createEvent();
    const gone = gpu.allocate(64);
    gone.close();
    const { copiesAsked } = gpu.stats();
    const cases: [() => unknown, string][] = [
      [() => stream.upload(memory, new Uint8Array(65)), "out_of_bounds"],
      [() => stream.upload(memory, new Uint8Array(1), { byteOffset: 64 }), "out_of_bounds"],
      [() => stream.upload(memory, new Uint8Array(1), { byteOffset: -1 }), "invalid_argument"],
      [() => stream.download(memory, { byteOffset: 60, byteLength: 5 }), "out_of_bounds"],
      [() => stream.download(memory, { into: new Uint8Array(63) }), "wrong_size"],
      [() => stream.copy(memory, memory.at(60), 5), "out_of_bounds"],
      [() => stream.copy(memory, memory, 65), "out_of_bounds"],
      [() => stream.copy(memory, memory, -1), "invalid_argument"],
      [() => stream.copy(memory, memory.at(2 ** 60), 1), "invalid_argument"],
      [() => stream.copy(memory, far, 1), "wrong_device"],
      [() => stream.fill(far), "wrong_device"],
      [() => stream.record(event), "wrong_device"],
      [() => stream.waitEvent(event), "wrong_device"],
      [() => stream.fill(memory, 256), "invalid_argument"],
      [() => stream.fill(memory, 1, { width: 4, byteOffset: 2 }), "invalid_argument"],
      [() => stream.fill(memory, 1, { count: 65 }), "out_of_bounds"],
      [() => stream.fill(memory, 1, { width: 4, count: 2 ** 52 }), "out_of_bounds"],
      [() => stream.copy({ native: undefined }, memory, 1), "invalid_argument"],
      [() => stream.upload(gone, new Uint8Array(1)), "closed"],
      [() => gpu.allocate(4, { stream: foreign }), "wrong_device"],
    ];
    for (const [call, code] of cases) expect(call).toThrow(withCode(code as "closed"));
    using host = new TensorMemory(64);
    const ref = memoryOf(host);
    expect(() => stream.copy(ref, ref, 1)).toThrow(withCode("invalid_argument"));
    expect(gpu.stats().copiesAsked).toBe(copiesAsked);
    expect(() => stream.synchronize()).not.toThrow();
  });
});

function memoryOf(memory: TensorMemory) {
  const { buffer } = memory.getView().as("uint8");
  return { native: nativeOwnerOf(new Uint8Array(buffer as ArrayBuffer)) };
}

describe("waiting", () => {
  let memory: DeviceMemory;
  beforeAll(() => {
    memory = gpu.allocate(1 << 12);
  });
  afterAll(() => memory.close());

  const slow = (delayMs = 300) => sim.cuda.delay({ call: "cuMemsetD8Async", asynchronous: true, delayMs, times: 1 });

  test("is for what was asked before, by ticket or for all of it", async () => {
    slow();
    const first = stream.fill(memory, 1);
    const second = stream.fill(memory, 2);
    expect(second).toBeGreaterThan(first);
    expect(stream.ticket).toBe(second);
    expect([stream.reached(first), stream.query()]).toEqual([false, false]);
    stream.awaitTicket(first);
    expect(stream.reached(first)).toBe(true);
    await stream.synchronizeAsync();
    expect([stream.reached(second), stream.query()]).toEqual([true, true]);
  });

  test("ends at its limit, and the work goes on", async () => {
    slow();
    stream.fill(memory, 3);
    expect(() => stream.synchronize({ timeoutMs: 5 })).toThrow(withCode("deadline", "5 ms"));
    await expect(stream.synchronizeAsync({ timeoutMs: 5 })).rejects.toThrow(withCode("deadline"));
    await expect(stream.synchronizeAsync({ signal: AbortSignal.timeout(5) })).rejects.toThrow("timed out");
    await expect(stream.synchronizeAsync({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
    stream.synchronize({ timeoutMs: 60_000 });
    expect(stream.download(memory)[0]).toBe(3);
    for (const timeoutMs of [-1, 0.5, Number.NaN])
      expect(() => stream.synchronize({ timeoutMs })).toThrow(withCode("invalid_argument"));
  });

  test("does not block the event loop", async () => {
    slow();
    stream.fill(memory, 4);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await stream.synchronizeAsync();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });

  test("of one stream for another is done by events", () => {
    using other = gpu.createStream({ priority: gpu.streamPriorities.highest, nonBlocking: false });
    using event = gpu.createEvent();
    slow();
    stream.fill(memory, 5);
    stream.record(event);
    other.waitEvent(event);
    expect(other.download(memory)[0]).toBe(5);
    event.synchronize();
    expect(event.query()).toBe(true);
  });

  test("for an event is for its last recording, and times are taken between two that have it", async () => {
    using start = gpu.createEvent({ timing: true });
    using end = gpu.createEvent({ timing: true });
    using plain = gpu.createEvent();
    expect(end.query()).toBe(true);
    expect(() => end.elapsedMs(start)).toThrow(withCode("no_timing"));
    stream.record(start);
    slow();
    stream.fill(memory, 6);
    stream.record(end);
    stream.record(plain);
    expect(end.query()).toBe(false);
    expect(() => end.elapsedMs(start)).toThrow(withCode("not_ready"));
    expect(() => end.synchronize({ timeoutMs: 1 })).toThrow(withCode("deadline"));
    await end.synchronizeAsync();
    expect(end.query()).toBe(true);
    end.synchronize();
    expect(end.elapsedMs(start)).toBeGreaterThan(0);
    plain.synchronize();
    expect(() => plain.elapsedMs(start)).toThrow(withCode("no_timing"));
    expect(() => gpu.createEvent({ timing: true, interprocess: true })).toThrow(withCode("invalid_argument"));
    end.close();
    end.close();
    for (const call of [() => end.query(), () => stream.record(end), () => end.elapsedMs(start)])
      expect(call).toThrow(withCode("closed"));
  });

  test("a stream that is closed does what was asked, and takes nothing more", () => {
    const own = gpu.createStream();
    slow();
    own.fill(memory, 9);
    own.close();
    own.close();
    using event = gpu.createEvent();
    const calls = [
      () => own.fill(memory),
      () => own.upload(memory, new Uint8Array(1)),
      () => own.download(memory),
      () => own.record(event),
      () => own.waitEvent(event),
      () => own.synchronize(),
      () => own.query(),
      () => own.ticket,
      () => own.native,
    ];
    for (const call of calls) expect(call).toThrow(withCode("closed"));
    gpu.allocate(1).close();
    while (stream.download(memory)[0] !== 9) Bun.sleepSync(1);
  });
});

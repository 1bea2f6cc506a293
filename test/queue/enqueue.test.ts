import { describe, expect, test } from "bun:test";
import { InputData, OutputData } from "../../src/queue/index.ts";
import { closeQueues } from "../../src/queue/queue-manager.ts";
import { ConstTensorMemoryView, TensorMemory } from "../../src/tensor/index.ts";
import { failure } from "../runner/fixture.ts";
import { imageAndLogits, queuesOf } from "./fake-host.ts";

/** The two queues, without a device, each of four places; samples of 8 and of 12 bytes. */
function open(multiplier = 1) {
  const scene = queuesOf(imageAndLogits, multiplier);
  const { queues } = scene;
  return {
    queues,
    input: queues.inputQueue("image"),
    output: queues.outputQueue("logits"),
    [Symbol.dispose]: () => scene[Symbol.dispose](),
  };
}

describe("enqueueLock", () => {
  test("gives the same entry until enqueueComplete, then another", () => {
    using scene = open();
    for (const [queue, length] of [
      [scene.input, 2],
      [scene.output, 3],
    ] as const) {
      const first = queue.enqueueLock();
      expect(queue.enqueueLock()).toBe(first as never);
      first.data = new Float32Array(length);
      queue.enqueueComplete();
      expect(queue.enqueueLock()).not.toBe(first as never);
    }
  });

  test("an entry begins without data and without callbacks", () => {
    using scene = open();
    const input = scene.input.enqueueLock();
    expect(input).toBeInstanceOf(InputData);
    expect(input).toMatchObject({ data: null, dataSize: 0, readStart: null, readComplete: null });
    const output = scene.output.enqueueLock();
    expect(output).toBeInstanceOf(OutputData);
    expect(output).toMatchObject({ data: null, dataSize: 0, writeComplete: null });
  });

  test("an entry that is refused stays locked", () => {
    using scene = open();
    const entry = scene.input.enqueueLock();
    expect(() => scene.input.enqueueComplete()).toThrow(failure("invalid_argument", "no data"));
    entry.data = new Float32Array(3);
    expect(() => scene.input.enqueueComplete()).toThrow(failure("wrong_size"));
    entry.dataSize = 8;
    scene.input.enqueueComplete();
    expect(scene.input.ring.getState()).toContain("written 1");
  });

  test("without it there is nothing to complete", () => {
    using scene = open();
    expect(() => scene.input.enqueueComplete()).toThrow(failure("not_locked"));
    expect(() => scene.output.enqueueComplete()).toThrow(failure("not_locked"));
  });

  test("blocks while the queue is full, for as long as it may", () => {
    using scene = open();
    for (let i = 0; i < 4; i++) scene.input.enqueue(new Float32Array(2));
    expect(() => scene.input.enqueueLock({ timeoutMs: 20 })).toThrow(failure("deadline", "20 ms"));
    expect(() => scene.input.enqueue(new Float32Array(2), { timeoutMs: 0 })).toThrow(failure("deadline"));
    expect(scene.input.ring.getState()).toContain("written 4");
  });
});

describe("enqueue", () => {
  test.each<[string, () => never, string]>([
    ["no whole sample", () => new Float32Array(5) as never, "wrong_size"],
    ["nothing", () => new Float32Array(0) as never, "wrong_size"],
    ["elements of another type", () => new Int32Array(2) as never, "wrong_dtype"],
    ["no memory", () => "12345678" as never, "invalid_argument"],
    ["undefined", () => undefined as never, "invalid_argument"],
    [
      "memory that was closed",
      () => {
        const memory = new TensorMemory(8);
        const array = memory.getView().as("float32");
        memory.close();
        return array as never;
      },
      "closed",
    ],
  ])("refuses %s, and is as before", async (_, data, code) => {
    using scene = open();
    for (const queue of [scene.input, scene.output]) {
      expect(() => queue.enqueue(data())).toThrow(failure(code));
      await expect(queue.enqueueAsync(data())).rejects.toEqual(failure(code));
      expect(queue.ring.getState()).toContain("written 0");
    }
  });

  test("takes a whole number of samples only, and says how large one is", () => {
    using scene = open();
    expect(() => scene.input.enqueue(new Float32Array(7))).toThrow(failure("wrong_size", "28 bytes", "8 bytes"));
  });

  test("uses no more of the memory than dataSize", () => {
    using scene = open();
    scene.input.enqueue(new Float32Array(9), { dataSize: 16 });
    expect(() => scene.output.enqueue(new Float32Array(9))).toThrow(failure("wrong_split", '"logits" gets 3'));
    scene.output.enqueue(new Float32Array(9), { dataSize: 24 });
    expect(() => scene.input.enqueue(new Float32Array(2), { dataSize: 12 })).toThrow(failure("out_of_bounds"));
  });

  test("refuses as an output what is for reading", () => {
    using scene = open();
    using memory = new TensorMemory(12);
    const view: unknown = memory.getConstView();
    expect(view).toBeInstanceOf(ConstTensorMemoryView);
    expect(() => scene.output.enqueue(view as never)).toThrow(failure("invalid_argument", "for reading"));
  });

  test("refuses outputs that are split otherwise than the inputs", async () => {
    using scene = open();
    scene.input.enqueue(new Float32Array(6));
    expect(() => scene.output.enqueue(new Float32Array(3))).toThrow(failure("wrong_split", '"image" has 3'));
    const later = scene.output.enqueueAsync(new Float32Array(6));
    await expect(later).rejects.toEqual(failure("wrong_split"));
    scene.output.enqueue(new Float32Array(9));
  });
});

describe("disconnect and reset", () => {
  test("a disconnected queue takes nothing, and whoever waits is told", async () => {
    using scene = open();
    const pending = scene.output.enqueueAsync(new Float32Array(3));
    for (let i = 0; i < 4; i++) scene.input.enqueue(new Float32Array(2));
    const waiting = scene.input.enqueueAsync(new Float32Array(2));
    scene.queues.disconnectAll();
    const outcomes = await Promise.allSettled([pending, waiting]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: failure("invalidated") });
    for (const [queue, length] of [
      [scene.input, 2],
      [scene.output, 3],
    ] as const) {
      expect(queue.ring.isValid()).toBe(false);
      expect(() => queue.enqueue(new Float32Array(length))).toThrow(failure("invalidated"));
      expect(() => queue.enqueueLock()).toThrow(failure("invalidated"));
    }
  });

  test("a queue that was reset is as new", async () => {
    using scene = open();
    const pending = scene.output.enqueueAsync(new Float32Array(3));
    for (let i = 0; i < 4; i++) scene.input.enqueue(new Float32Array(2));
    scene.queues.disconnectAll();
    scene.queues.resetAll();
    await expect(pending).rejects.toEqual(failure("invalidated"));
    for (let i = 0; i < 4; i++) scene.input.enqueue(new Float32Array(6), { timeoutMs: 0 });
    scene.output.enqueue(new Float32Array(9), { timeoutMs: 0 });
    expect(scene.input.ring.getState()).toContain("valid, written 4");
  });

  test("one queue can be disconnected and reset alone", () => {
    using scene = open();
    scene.input.disconnect();
    scene.output.enqueue(new Float32Array(3));
    expect(() => scene.input.enqueue(new Float32Array(2))).toThrow(failure("invalidated"));
    scene.input.reset();
    scene.input.enqueue(new Float32Array(4));
  });
});

describe("the ring behind a queue", () => {
  test("tells its label, its size and its state, and is filled and emptied as the queue is", () => {
    using scene = open(2);
    const { ring } = scene.input;
    expect(scene.input.ring).toBe(ring);
    expect(ring.label).toBe("image");
    expect(ring.numBuffers).toBe(8);
    expect(ring.queue).toBe(scene.input);
    expect(ring.readAvailable()).toBe(false);
    ring.writeLock().data = new Float32Array(2);
    ring.writeComplete();
    ring.write(Object.assign(new InputData(), { data: new Float32Array(2) }));
    expect(ring.readAvailable()).toBe(true);
    expect(ring.getState("> ")).toBe("> image: valid, written 2, begun 0, consumed 0 of 8");
    ring.invalidate();
    expect(ring.isValid()).toBe(false);
    ring.reset();
    expect(ring.getState()).toBe("image: valid, written 0, begun 0, consumed 0 of 8");
    scene.output.ring.write(Object.assign(new OutputData(), { data: new Float32Array(3) }));
    expect(scene.output.ring.getState()).toBe("logits: valid, written 1, begun 0, consumed 0 of 8");
  });
});

test("waiting enqueues give up with their signal, and keep their place", async () => {
  using scene = open();
  const controller = new AbortController();
  for (let i = 0; i < 4; i++) scene.input.enqueue(new Float32Array(2));
  const aborted = scene.input.enqueueAsync(new Float32Array(4), { signal: controller.signal });
  const output = scene.output.enqueueAsync(new Float32Array(3), { signal: controller.signal });
  controller.abort(new Error("enough"));
  const outcomes = await Promise.allSettled([aborted, output]);
  expect(outcomes).toMatchObject([{ reason: { message: "enough" } }, { reason: { message: "enough" } }]);
  for (let i = 0; i < 3; i++) scene.output.enqueue(new Float32Array(3));
  expect(() => scene.output.enqueue(new Float32Array(3), { timeoutMs: 0 })).toThrow(failure("wrong_split", "has 2"));
  const never = { signal: AbortSignal.abort(new Error("never")) };
  await expect(scene.input.enqueueAsync(new Float32Array(2), never)).rejects.toThrow("never");
});

test("nothing is left of queues that were closed with entries in them", () => {
  const scene = open();
  using memory = new TensorMemory(8);
  scene.input.enqueue(memory);
  scene.input.enqueue(new Float32Array(2));
  scene.queues[closeQueues]();
  expect(() => scene.input.ring.getState()).toThrow(failure("closed"));
});

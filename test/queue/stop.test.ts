import { describe, expect, test } from "bun:test";
import { failure } from "../runner/fixture.ts";
import { numbers, Scene, until } from "./scene.ts";

describe("disconnectAll", () => {
  test("lets the device run on with zeros, so that it can be stopped", async () => {
    await using scene = new Scene();
    const running = scene.start();
    await until(() => scene.input().ring.getState().includes("the device waits"));
    scene.queues.disconnectAll();
    scene.session.stop();
    await running;
    expect(scene.session.isStopped()).toBe(true);
  });

  test("lets a blocking run end", async () => {
    let waits = 0;
    const readTimeout = () => (waits++ === 0 ? scene.queues.disconnectAll() : scene.session.stop());
    await using scene = new Scene({ timeoutNs: 1e6, readTimeout });
    scene.session.runMainPrograms({ repeat: 3 });
    expect(waits).toBe(1);
    expect(scene.input().ring.isValid()).toBe(false);
  });
});

describe("resetAll", () => {
  test("makes the queues of a stopped session usable again", async () => {
    await using scene = new Scene();
    const running = scene.start();
    scene.input().enqueue(numbers(2));
    const lost = scene.output().enqueueAsync(new Float32Array(2));
    scene.session.stop();
    await expect(lost).rejects.toEqual(failure("invalidated"));
    await running;
    scene.queues.resetAll();
    scene.session.reload();
    scene.start();
    scene.input().enqueue(numbers(8));
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8));
  });

  test("is needed after a run that ended in the middle of a batch; those who wait are told", async () => {
    await using scene = new Scene();
    const controller = new AbortController();
    const running = scene.start(controller.signal);
    scene.input().enqueue(numbers(8));
    // The device has given half of the batch.
    expect(
      await scene
        .output()
        .enqueueAsync(new Float32Array(4), { dataSize: 16 })
        .catch((error) => error.code),
    ).toBe("wrong_split");
    await until(() => scene.input().ring.getState().includes("consumed 1"));
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(() => scene.input().enqueue(numbers(8))).toThrow(failure("stopped", "resetAll"));
    await expect(scene.output().enqueueAsync(new Float32Array(8))).rejects.toEqual(failure("stopped"));
    scene.queues.resetAll();
    scene.session.reload();
    scene.start();
    scene.input().enqueue(numbers(8, 3));
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8, 3));
  });
});

test("a promise that waits when its session closes is rejected", async () => {
  const scene = new Scene();
  const pending = scene.output().enqueueAsync(new Float32Array(2));
  const outcome = pending.catch((error: unknown) => error);
  await scene[Symbol.asyncDispose]();
  expect(await outcome).toEqual(failure("closed"));
});

test("a second manager takes the place of the first", async () => {
  await using scene = new Scene();
  const queues = scene.session.createQueueManager();
  expect(() => scene.input().enqueue(numbers(2))).toThrow(failure("closed"));
  scene.start();
  queues.inputQueue("a").enqueue(numbers(8));
  expect(await queues.outputQueue("a_out").enqueueAsync(new Float32Array(8))).toEqual(numbers(8));
});

import { describe, expect, test } from "bun:test";
import { failure } from "../runner/fixture.ts";
import { numbers, Scene, twoPorts, until } from "./scene.ts";

describe("flush", () => {
  test("completes a batch that is begun: its rows come, the rest is dropped", async () => {
    await using scene = new Scene();
    scene.start();
    scene.input().enqueue(numbers(6));
    const result = scene.output().enqueueAsync(new Float32Array(6));
    scene.input().flush();
    scene.output().flush();
    expect(await result).toEqual(numbers(6));
    scene.input().enqueue(numbers(8, 50));
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8, 50));
  });

  test("of the input alone runs the batch; the output's rest is dropped before the next request's rows", async () => {
    await using scene = new Scene();
    scene.start();
    scene.input().enqueue(numbers(6));
    const first = scene.output().enqueueAsync(new Float32Array(6));
    scene.input().flush();
    scene.input().enqueue(numbers(8, 50));
    expect(await first).toEqual(numbers(6));
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8, 50));
  });

  test("with no batch begun runs one of zeros, whose output is dropped", async () => {
    await using scene = new Scene();
    scene.start();
    const { ring } = scene.input();
    scene.queues.flushAll();
    await until(() => ring.getState().includes("consumed 1"));
    scene.input().enqueue(numbers(8));
    expect(await scene.output().enqueueAsync(new Float32Array(8))).toEqual(numbers(8));
    expect(ring.getState()).toContain("written 2");
  });

  test("waits for what others already have: nobody gets another request's rows", async () => {
    await using scene = new Scene({ ports: twoPorts });
    scene.start();
    scene.input("a").enqueue(numbers(6));
    scene.queues.flushAll();
    expect(() => scene.input("b").flush()).toThrow(failure("wrong_split", '"b" is flushed before the 3 samples'));
    scene.input("b").enqueue(numbers(3, 20));
    const results = [
      scene.output("a").enqueueAsync(new Float32Array(6)),
      scene.output("b").enqueueAsync(new Float32Array(3)),
    ];
    expect(await Promise.all(results)).toEqual([numbers(6), numbers(3, 20)]);
  });

  test("never blocks: a full queue is flushed when it has room", async () => {
    await using scene = new Scene({ ringSizeMultiplier: 1 });
    for (let i = 0; i < 3; i++) scene.input().enqueue(numbers(2, i * 2));
    const result = scene
      .output()
      .enqueueAsync(new Float32Array(6), { dataSize: 24 })
      .catch((error: unknown) => error);
    expect(await result).toEqual(failure("wrong_split"));
    for (let i = 0; i < 3; i++) scene.output().enqueue(new Float32Array(2));
    scene.input().enqueue(numbers(10, 6));
    const last = scene.output().enqueueAsync(new Float32Array(10));
    scene.queues.flushAll();
    scene.start();
    expect(await last).toEqual(numbers(10, 6));
  });
});

describe("the read timeout", () => {
  test("calls back with the ring that the device waits for, again and again, until there is data", async () => {
    const rings: unknown[] = [];
    await using scene = new Scene({ timeoutNs: 1e6, readTimeout: (ring) => void rings.push(ring) });
    scene.start();
    await until(() => rings.length >= 3);
    expect(new Set(rings)).toEqual(new Set([scene.input().ring]));
    expect(scene.input().ring.getState()).toContain("the device waits");
  });

  test("with flushAll answers a request that does not fill a batch", async () => {
    await using scene = new Scene({ timeoutNs: 1e6, readTimeout: () => scene.queues.flushAll() });
    scene.start();
    scene.input().enqueue(numbers(2));
    expect(await scene.output().enqueueAsync(new Float32Array(2))).toEqual(numbers(2));
  });

  test("is not called when it is 0, as it is unless given", async () => {
    let called = 0;
    await using scene = new Scene({ readTimeout: () => called++ });
    scene.start();
    scene.input().enqueue(numbers(2));
    const result = scene.output().enqueueAsync(new Float32Array(2));
    await until(() => scene.input().ring.getState().includes("the device waits"));
    await Bun.sleep(20);
    expect(called).toBe(0);
    scene.queues.flushAll();
    expect(await result).toEqual(numbers(2));
  });
});

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Peer } from "../fastio/peer.ts";
import { pattern, withCode } from "./expected.ts";
import { GpuScene } from "./gpu-scene.ts";
import type { GpuHere } from "./programs/gpu-peer.ts";

const bytes = pattern(4096);

/** The tensor, open in the peer, until it is told to close it. */
async function hold(peer: Peer<GpuHere>, name: string): Promise<void> {
  await peer.run(({ gpu, job, kept }, name) => Object.assign(kept, { [name]: gpu.get(job, name) }) && true, name);
}

async function letGo(peer: Peer<GpuHere>, name: string): Promise<void> {
  await peer.run(({ kept }, name) => kept[name]!.close(), name);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(2);
}

describe("the life of a published GPU tensor", () => {
  test("freeing hides the name and waits for importers", async () => {
    using scene = new GpuScene();
    const published = scene.publish("frame", bytes);
    await using peer = await scene.peer();
    await hold(peer, "frame");
    expect(() => published.free({ timeoutMs: 20 })).toThrow(withCode("deadline", "1 other processes"));
    await expect(published.freeAsync({ timeoutMs: 20 })).rejects.toThrow(withCode("deadline"));
    const reason = new Error("enough");
    await expect(published.freeAsync({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(scene.job.has("frame")).toBe(false);
    expect(published.closed).toBe(false);
    const freed = published.freeAsync();
    await letGo(peer, "frame");
    await freed;
    expect(published.closed).toBe(true);
    published.free();
    await published.freeAsync();
    expect(() => published.importers).toThrow(withCode("closed"));
  });

  test("freeing waits for work of the importer that is still under way", async () => {
    using scene = new GpuScene();
    const published = scene.publish("frame", bytes);
    await using peer = await scene.peer();
    await peer.run(({ gpu, job, stream, sim }) => {
      sim.cuda.delay({ call: "cuMemsetD8Async", asynchronous: true, delayMs: 150, times: 1 });
      using tensor = gpu.get(job, "frame");
      stream.fill(tensor.memory, 5);
    });
    const memory = scene.gpu.get(scene.job, "frame");
    published.free({ timeoutMs: 5000 });
    expect(scene.stream.download(memory.memory).every((byte) => byte === 5)).toBe(true);
    memory.close();
  });

  test("closing hides the name at once and keeps the memory until the last importer is done", async () => {
    using scene = new GpuScene();
    const memory = scene.memory(bytes);
    const published = memory.publish(scene.job, "frame", { dtype: "uint8", shape: [4096], stream: scene.stream });
    await using peer = await scene.peer();
    await hold(peer, "frame");
    memory.close();
    published.close();
    published.close();
    expect(scene.job.has("frame")).toBe(false);
    expect(scene.gpu.stats().bytesAllocated).toBe(4096);
    const read = await peer.run(({ stream, kept }) => [...stream.download(kept["frame"]!.memory)]);
    expect(read).toEqual([...bytes]);
    await letGo(peer, "frame");
    await until(() => scene.gpu.stats().bytesAllocated === 0);
  });

  test("an importer that is killed holds nothing", async () => {
    using scene = new GpuScene();
    const published = scene.publish("frame", bytes);
    await using peer = await scene.peer();
    await hold(peer, "frame");
    expect(published.importers).toBe(1);
    await peer.kill();
    published.free({ timeoutMs: 5000 });
  });

  test("an importer has one tensor as often as it fetches it", async () => {
    using scene = new GpuScene();
    const published = scene.publish("frame", bytes);
    await using peer = await scene.peer();
    const same = await peer.run(({ gpu, job, kept, stream }) => {
      kept["one"] = gpu.get(job, "frame");
      kept["two"] = gpu.get(job, "frame");
      stream.fill(kept["one"].memory, 3);
      kept["one"].close();
      kept["one"].close();
      return stream.download(kept["two"].memory).every((byte) => byte === 3);
    });
    expect(same).toBe(true);
    expect(published.importers).toBe(1);
    await letGo(peer, "two");
    await published.freeAsync({ timeoutMs: 5000 });
  });

  test("when its process is killed, who has it is told, and the name is free for the next", async () => {
    using scene = new GpuScene();
    const { gpu, job, stream } = scene;
    await using peer = await scene.peer();
    await peer.run(
      ({ gpu, job, stream, kept }, values) => {
        const memory = gpu.allocate(values.length);
        stream.upload(memory, Uint8Array.from(values));
        for (const name of ["frame", "second", "third"])
          memory.publish(job, name, { dtype: "uint8", shape: [values.length], stream });
        kept["frame"] = gpu.get(job, "frame");
      },
      [...bytes],
    );
    using tensor = gpu.get(job, "frame");
    expect([...stream.download(tensor.memory)]).toEqual([...bytes]);
    tensor.requireOwner();
    await peer.kill();
    expect(() => tensor.requireOwner()).toThrow(withCode("owner_lost"));
    expect(() => stream.download(tensor.memory)).toThrow(withCode("owner_lost"));
    expect(() => stream.fill(tensor.memory, 1)).toThrow(withCode("owner_lost"));
    expect(() => gpu.get(job, "frame")).toThrow(withCode("owner_lost"));
    expect(() => gpu.get(job, "frame")).toThrow(withCode("not_found"));
    const waiting = gpu.waitFor(job, "third", { timeoutMs: 5000 });
    using _second = scene.publish("second", bytes);
    await Bun.sleep(5);
    using _third = scene.publish("third", bytes);
    using third = await waiting;
    expect(() => third.requireOwner()).not.toThrow();
  });

  test("memory without a publisher is nobody's to lose", () => {
    using scene = new GpuScene();
    expect(() => scene.memory(bytes).requireOwner()).not.toThrow();
  });

  test("it goes with the context that it was published through", async () => {
    using scene = new GpuScene();
    const published = scene.publish("frame", bytes);
    await using peer = await scene.peer();
    scene.job.close();
    expect(published.closed).toBe(true);
    published.close();
    expect(await peer.run(({ job }) => job.list())).toEqual([]);
  });

  test("it goes with the Worker that published it, and importers keep what they have", async () => {
    using scene = new GpuScene();
    const worker = new Worker(join(import.meta.dir, "programs/publishing-worker.ts"));
    const { promise, resolve } = Promise.withResolvers<unknown>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ name: scene.job.name, dir: scene.job.dir });
    expect(await promise).toBe("published");
    await using peer = await scene.peer();
    await hold(peer, "from a Worker");
    using own = scene.gpu.get(scene.job, "from a Worker");
    worker.terminate();
    await until(() => !scene.job.has("from a Worker"));
    expect(await peer.run(({ stream, kept }) => stream.download(kept["from a Worker"]!.memory)[63])).toBe(6);
    await letGo(peer, "from a Worker");
    expect(scene.stream.download(own.memory)[0]).toBe(6);
    own.close();
    await until(() => scene.gpu.stats().bytesAllocated === 0);
  });
});

import { describe, expect, test } from "bun:test";
import { allocateQueueStorage, type IMemoryPool, RingMemoryPool } from "../../src/queue/index.ts";
import { nativeOwnerOf, TensorMemory } from "../../src/tensor/index.ts";
import { failure } from "../runner/fixture.ts";
import { imageAndLogits, queuesOf } from "./fake-host.ts";

describe("RingMemoryPool", () => {
  test("hands its blobs out in turn, again and again", () => {
    using pool = new RingMemoryPool(12, 3);
    const blobs = Array.from({ length: 7 }, () => pool.getMemoryBlob());
    blobs.slice(0, 3).forEach((blob, index) => {
      blob.as("float32").fill(index + 1);
    });
    expect(blobs.map((blob) => blob.as("float32")[2])).toEqual([1, 2, 3, 1, 2, 3, 1]);
    expect(blobs.map((blob) => blob.dataSizeBytes)).toEqual(Array(7).fill(12));
  });

  test("says how large its blobs are and how many", () => {
    using pool = new RingMemoryPool(12, 3);
    expect(pool.blobSize()).toBe(12);
    expect(pool.numBlobs()).toBe(3);
  });

  test("gives native memory, aligned for any element type", () => {
    using pool = new RingMemoryPool(3, 2);
    pool.getMemoryBlob();
    const blob = pool.getMemoryBlob();
    expect(nativeOwnerOf(blob.data)).toMatchObject({ byteOffset: 64 });
  });

  test.each([
    [0, 1],
    [-1, 1],
    [1, 0],
    [1.5, 1],
    [1, Number.NaN],
  ])("refuses blobs of %d bytes, %d of them", (size, count) => {
    expect(() => new RingMemoryPool(size, count)).toThrow(failure("invalid_argument"));
  });

  test("closes once for all, and its blobs with it", () => {
    const pool = new RingMemoryPool(8, 1);
    const blob = pool.getMemoryBlob();
    pool.close();
    pool.close();
    expect(blob.dataSizeBytes).toBe(0);
    expect(() => pool.getMemoryBlob()).toThrow(failure("closed"));
  });
});

describe("allocateQueueStorage", () => {
  test("makes a blob of a whole tensor for each buffer of the queue, and as many more as asked", () => {
    using scene = queuesOf(imageAndLogits, 2);
    const queue = scene.queues.inputQueue("image");
    using plain = allocateQueueStorage(queue);
    using extra = allocateQueueStorage(queue, 3);
    expect([plain.blobSize(), plain.numBlobs(), extra.numBlobs()]).toEqual([32, 8, 11]);
    expect(() => allocateQueueStorage(queue, -1)).toThrow(failure("invalid_argument"));
  });
});

test("a pool of a user's own serves a queue as ours does", () => {
  class Pool implements IMemoryPool {
    readonly #memory = new TensorMemory(8);
    getMemoryBlob = () => this.#memory.getView();
    blobSize = () => 8;
  }
  const pool: IMemoryPool = new Pool();
  using scene = queuesOf(imageAndLogits);
  scene.queues.inputQueue("image").enqueue(pool.getMemoryBlob());
  expect(scene.queues.inputQueue("image").ring.readAvailable()).toBe(true);
});

import { NativeBuffer } from "../native/buffer.ts";
import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { off, switchable } from "../native/switches.ts";
import { registerNativeBuffer, TensorMemoryView, unregisterNativeBuffer } from "../tensor/index.ts";
import type { IQueue } from "./queue.ts";

/** Where the memory for entries of a queue comes from. Users may implement it. */
export interface IMemoryPool {
  /** Memory of `blobSize()` bytes. */
  getMemoryBlob(): TensorMemoryView;
  /** Bytes of one blob. */
  blobSize(): number;
}

// Each blob can be viewed as elements of any type.
const alignment = 64;

/**
 * Blobs of one size in native memory, handed out in turn, again and again: queues take them without a copy. Whoever uses
 * one must be done with it before its turn comes again.
 *
 * ```ts
 * using pool = new RingMemoryPool(4 * 784, 32);
 * const blob = pool.getMemoryBlob();
 * blob.as("float32").set(image);
 * queue.enqueue(blob);
 * ```
 */
export class RingMemoryPool implements IMemoryPool, Disposable {
  readonly #blobSize: number;
  readonly #numBlobs: number;
  readonly #stride: number;
  readonly #memory: NativeBuffer;
  #shown: ArrayBuffer | undefined;
  #next = 0;

  /**
   * @param blobSize bytes of one blob.
   * @param numBlobs at least 1.
   * @throws ArgumentError `invalid_argument`, `too_large` (4 GiB in all); CapacityError `out_of_memory`.
   */
  constructor(blobSize: number, numBlobs: number) {
    const op = "RingMemoryPool";
    this.#blobSize = checkInteger(blobSize, "blobSize", op, 1);
    this.#numBlobs = checkInteger(numBlobs, "numBlobs", op, 1);
    this.#stride = Math.ceil(blobSize / alignment) * alignment;
    this.#memory = NativeBuffer.create(this.#stride * numBlobs, op);
  }

  numBlobs(): number {
    return this.#numBlobs;
  }

  blobSize(): number {
    return this.#blobSize;
  }

  /**
   * The next blob; after the last one, the first again.
   * @throws StateError `closed`.
   */
  getMemoryBlob(): TensorMemoryView {
    if (this.#memory.closed) throw makeError("closed", { op: "RingMemoryPool.getMemoryBlob" });
    const { buffer, slot, generation } = this.#memory;
    if (buffer !== this.#shown && !off("pool_native")) {
      registerNativeBuffer(buffer, { slot, generation, byteOffset: 0, memoryKind: "host" });
      this.#shown = buffer;
    }
    const index = this.#next;
    this.#next = off("pool_cycles") ? index + 1 : (index + 1) % this.#numBlobs;
    return new TensorMemoryView(new Uint8Array(buffer, index * this.#stride, this.#blobSize));
  }

  /** Views of blobs get length 0; what queues hold lives until it was consumed. Closing twice is fine. */
  close(): void {
    if (this.#shown !== undefined) unregisterNativeBuffer(this.#shown);
    this.#shown = undefined;
    this.#memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * A pool that can back a queue: a blob of a whole tensor for each of its buffers.
 *
 * @param extraBuffers blobs beyond those of the queue: for data in preparation.
 */
export function allocateQueueStorage(
  queue: IQueue,
  extraBuffers = off("storage_extra_default") ? 1 : 0,
): RingMemoryPool {
  checkInteger(extraBuffers, "extraBuffers", "allocateQueueStorage");
  const extra = off("storage_extra") ? 0 : extraBuffers;
  return new RingMemoryPool(queue.tensorInfo.sizeInBytes(), off("storage_size") ? 1 : queue.numBuffers + extra);
}

switchable("RingMemoryPool", RingMemoryPool);

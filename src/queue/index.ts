export {
  type EnqueueInputAsyncOptions,
  type EnqueueInputOptions,
  InputQueue,
  type InputRingBuffer,
} from "./input-queue.ts";
export { allocateQueueStorage, type IMemoryPool, RingMemoryPool } from "./memory-pool.ts";
export {
  type EnqueueOutputAsyncOptions,
  type EnqueueOutputOptions,
  OutputQueue,
  type OutputRingBuffer,
} from "./output-queue.ts";
export type { IQueue } from "./queue.ts";
export {
  InputData,
  OutputData,
  type OutputTarget,
  type ReadCompleteCallback,
  type ReadStartCallback,
  type WriteCompleteCallback,
} from "./queue-data.ts";
export type { QueueHost, QueuePolicy, QueuePredicate, StreamHandle } from "./queue-host.ts";
export { QueueManager } from "./queue-manager.ts";
export type { QueueManagerArguments, QueueManagerOptions, ReadTimeoutCallback } from "./queue-manager-options.ts";
export { QueueRing } from "./queue-ring.ts";
export {
  type LockAsyncOptions,
  type LockOptions,
  type ReadTimeoutOptions,
  type RingOptions,
  RingRole,
  type RingTimeoutCallback,
} from "./ring-options.ts";
export type { RingToken } from "./ring-state.ts";
export { type RingSizeMultiplierProdType, ringSizeMultiplierFactory } from "./size-multiplier.ts";
export { SpscRingBuffer } from "./spsc-ring-buffer.ts";

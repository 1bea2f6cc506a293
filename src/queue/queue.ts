import type { TensorInfo } from "../popef/index.ts";

/** What all queues have in common. */
export interface IQueue {
  /** Shape and element type of one buffer: a batch of the device. */
  readonly tensorInfo: TensorInfo;
  /** Entries that the queue can hold. */
  readonly numBuffers: number;
  /** Nothing waits for this queue any more: the device reads zeros, what it writes is dropped, pending promises reject. */
  disconnect(): void;
}

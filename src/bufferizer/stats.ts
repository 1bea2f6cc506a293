/** Counters since a bufferizer was made. */
export interface BufferizerStats {
  /** Elements appended. */
  readonly appends: number;
  /** Times that the consumer was told: the buffer was full, its time was over, or it was drained. */
  readonly batches: number;
  /** Flushes, those of `fullPolicy: "autoFlush"` and of `allocate` included. */
  readonly flushes: number;
  /** Elements that `fullPolicy: "dropOldest"` gave up. */
  readonly dropped: number;
  /** Appends that had to wait. */
  readonly waits: number;
  /** Copied into the buffer by appends. */
  readonly bytesCopied: number;
}

export function zeroStats(): { -readonly [K in keyof BufferizerStats]: number } {
  return { appends: 0, batches: 0, flushes: 0, dropped: 0, waits: 0, bytesCopied: 0 };
}

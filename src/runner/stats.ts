/** Counters of a runner since it was loaded. Cheap enough to poll. */
export interface RunnerStats {
  /** Requests that were answered, those of `execute` included. */
  readonly completed: number;
  /** Requests whose run failed. */
  readonly failed: number;
  /** Requests that rejected by signal or deadline. */
  readonly givenUp: number;
  /** Requests that rejected with `queue_full`. */
  readonly refused: number;
  /** Requests under way now. */
  readonly pending: number;
  /** Bytes of inputs that were copied to native memory. */
  readonly bytesCopied: number;
  /** Bytes of inputs that were native already, and were read in place. */
  readonly bytesReferenced: number;
}

/** The same, while it counts. */
export type Counters = { -readonly [K in Exclude<keyof RunnerStats, "pending">]: number };

export function noCounts(): Counters {
  return { completed: 0, failed: 0, givenUp: 0, refused: 0, bytesCopied: 0, bytesReferenced: 0 };
}

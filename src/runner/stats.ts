/** Counters of a runner since it was loaded. Cheap enough to poll. */
export interface RunnerStats {
  /** Requests of this thread that were answered, those of `execute` included. */
  readonly completed: number;
  /** Requests of this thread whose run failed. */
  readonly failed: number;
  /** Requests of this thread that rejected by their signal. */
  readonly aborted: number;
  /** Requests of this thread that rejected at their deadline. */
  readonly expired: number;
  /** Requests of this thread that rejected with `queue_full`. */
  readonly rejected: number;
  /** Requests of this thread under way now. */
  readonly pending: number;
  /** Bytes of this thread's inputs that were copied to native memory. */
  readonly bytesCopied: number;
  /** Bytes of this thread's inputs that were native already, and were read in place. */
  readonly bytesReferenced: number;
  /** Requests of all threads that wait for a replica now. */
  readonly queued: number;
  /** Requests of all threads that are being run now. */
  readonly running: number;
  /** Rows that the replicas have run; a request counts as one where nothing is merged. */
  readonly rows: number;
  /** Runs of the model. */
  readonly batches: number;
  /** Rows of zeros that were run to fill compiled batches. */
  readonly paddingRows: number;
}

/** Those that this thread counts. */
export type Counters = {
  -readonly [K in
    | "completed"
    | "failed"
    | "aborted"
    | "expired"
    | "rejected"
    | "bytesCopied"
    | "bytesReferenced"]: number;
};

export function noCounts(): Counters {
  return { completed: 0, failed: 0, aborted: 0, expired: 0, rejected: 0, bytesCopied: 0, bytesReferenced: 0 };
}

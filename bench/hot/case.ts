/** One call on a hot path of one JavaScript thread. */
export interface HotCase {
  readonly name: string;
  /** Sets the scene and returns the call to time, and what to close afterwards. */
  readonly prepare: () => HotCall | Promise<HotCall>;
  readonly note: string;
  /** p50 at most, nanoseconds. */
  readonly atMost?: number;
}

export interface HotCall {
  readonly call: () => unknown;
  readonly close: () => void | Promise<void>;
}

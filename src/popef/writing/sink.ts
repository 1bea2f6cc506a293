/** Where a writer's bytes go. Those it is given belong to the caller: what is kept is copied. */
export interface Sink {
  /** Bytes so far. */
  readonly byteLength: number;
  write(bytes: Uint8Array): void;
  /** Nothing more comes. */
  end(): void;
  /** What only files and memory can: a stream's bytes are gone. */
  readonly rewriting: Rewriting | undefined;
}

export interface Rewriting {
  /** Overwrites bytes that were written or skipped. */
  patch(byteOffset: number, bytes: Uint8Array): void;
  /** Leaves room. */
  skip(byteLength: number): void;
  /** Forgets what was written from here on. */
  truncate(byteLength: number): void;
}

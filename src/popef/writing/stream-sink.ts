import type { Sink } from "./sink.ts";

/** What a writer can write to: a sink of `Bun.file().writer()`, a Node stream, anything that takes pieces of bytes. */
export interface PopefTarget {
  /** Gets bytes that it may keep. What it returns is not waited for. */
  write(bytes: Uint8Array): unknown;
}

/** Passes bytes on. It is not closed at the end: it belongs to the user. */
export class StreamSink implements Sink {
  byteLength = 0;
  readonly rewriting = undefined;
  readonly #target: PopefTarget;

  constructor(target: PopefTarget) {
    this.#target = target;
  }

  write(bytes: Uint8Array): void {
    this.byteLength += bytes.byteLength;
    this.#target.write(bytes.slice());
  }

  end(): void {}
}

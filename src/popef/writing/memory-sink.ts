import { bufferBytesMax } from "../../native/buffer.ts";
import { makeError } from "../../native/error.ts";
import type { Rewriting, Sink } from "./sink.ts";

/** Collects in memory; its room doubles as it fills. */
export class MemorySink implements Sink, Rewriting {
  byteLength = 0;
  #room = new Uint8Array(1024);

  get rewriting(): Rewriting {
    return this;
  }

  write(bytes: Uint8Array): void {
    const at = this.byteLength;
    this.skip(bytes.byteLength);
    this.#room.set(bytes, at);
  }

  patch(byteOffset: number, bytes: Uint8Array): void {
    this.#room.set(bytes, byteOffset);
  }

  skip(byteLength: number): void {
    const needed = this.byteLength + byteLength;
    if (needed > bufferBytesMax) {
      throw makeError("too_large", {
        op: "Writer",
        message: `${needed} bytes are more than memory holds.`,
        hint: "Write to a file: FileWriter.",
      });
    }
    if (needed > this.#room.byteLength) {
      const larger = new Uint8Array(Math.min(bufferBytesMax, Math.max(needed, 2 * this.#room.byteLength)));
      larger.set(this.#room.subarray(0, this.byteLength));
      this.#room = larger;
    }
    this.byteLength = needed;
  }

  truncate(byteLength: number): void {
    this.#room.fill(0, byteLength, this.byteLength);
    this.byteLength = byteLength;
  }

  end(): void {}

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#room.slice(0, this.byteLength);
  }
}

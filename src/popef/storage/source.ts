import type { NativeBuffer } from "../../native/buffer.ts";
import { makeError } from "../../native/error.ts";

/** Where the bytes of blobs are, counted by reference: a reader and each model that uses it hold it. */
export abstract class Source {
  /** For messages: the path, or what else it is. */
  abstract readonly name: string;
  abstract readonly byteLength: number;
  #references = 1;

  retain(): this {
    this.requireOpen("PopefData");
    this.#references++;
    return this;
  }

  release(): void {
    if (--this.#references === 0) this.end();
  }

  /** A copy of a few bytes; fewer than asked for where the source ends. */
  abstract read(byteOffset: number, byteLength: number): Uint8Array;

  /** Native memory that shows the bytes, for the caller to close: at `begin` lies the byte at `byteOffset`. */
  abstract map(byteOffset: number, byteLength: number, op: string): { memory: NativeBuffer; begin: number };

  /** A descriptor that was closed may be another file's by now: nothing is read from what was given back. */
  protected requireOpen(op: string): void {
    if (this.#references === 0) throw makeError("closed", { op, message: `${this.name} was closed.` });
  }

  protected abstract end(): void;
}

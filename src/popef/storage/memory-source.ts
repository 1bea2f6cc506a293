import { NativeBuffer } from "../../native/buffer.ts";
import { Source } from "./source.ts";

/** Bytes in native memory of their own. */
export class MemorySource extends Source {
  readonly name: string;
  readonly byteLength: number;
  readonly #memory: NativeBuffer;

  private constructor(memory: NativeBuffer, byteLength: number, name: string) {
    super();
    this.#memory = memory;
    this.byteLength = byteLength;
    this.name = name;
  }

  /** Copies the pieces, one behind the other. Throws what `NativeBuffer.create` throws. */
  static of(pieces: readonly Uint8Array[], name: string, op: string): MemorySource {
    const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    const memory = NativeBuffer.create(byteLength, op);
    const target = new Uint8Array(memory.buffer);
    let at = 0;
    for (const piece of pieces) {
      target.set(piece, at);
      at += piece.byteLength;
    }
    return new MemorySource(memory, byteLength, name);
  }

  read(byteOffset: number, byteLength: number): Uint8Array {
    this.requireOpen("PopefData");
    return new Uint8Array(this.#memory.buffer).slice(byteOffset, Math.min(byteOffset + byteLength, this.byteLength));
  }

  /** All of it without a copy: for the pass over the blobs. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, 0, this.byteLength);
  }

  map(byteOffset: number, _byteLength: number, op: string): { memory: NativeBuffer; begin: number } {
    this.requireOpen(op);
    return { memory: this.#memory.share(), begin: byteOffset };
  }

  protected end(): void {
    this.#memory.close();
  }
}

import type { NativeBuffer } from "../../native/buffer.ts";
import { MemorySource } from "../storage/memory-source.ts";
import { Source } from "../storage/source.ts";
import { decompress, decompressAsync } from "./decompress.ts";

/** Compressed bytes of another source, decompressed once, when they are first looked at. */
export class CompressedSource extends Source {
  readonly name: string;
  readonly byteLength: number;
  readonly #source: Source;
  readonly #byteOffset: number;
  readonly #compressedLength: number;
  #plain: MemorySource | undefined;

  /** @param name what the bytes are, for messages. */
  constructor(source: Source, byteOffset: number, compressedLength: number, byteLength: number, name: string) {
    super();
    this.#source = source.retain();
    this.#byteOffset = byteOffset;
    this.#compressedLength = compressedLength;
    this.byteLength = byteLength;
    this.name = name;
  }

  read(byteOffset: number, byteLength: number): Uint8Array {
    return this.#decompressed("PopefData.bytes").read(byteOffset, byteLength);
  }

  map(byteOffset: number, byteLength: number, op: string): { memory: NativeBuffer; begin: number } {
    return this.#decompressed(op).map(byteOffset, byteLength, op);
  }

  /** Decompresses off the event loop, so that looking costs nothing afterwards. */
  async prepare(op: string): Promise<void> {
    this.requireOpen(op);
    if (this.#plain !== undefined) return;
    this.retain();
    const { memory, bytes } = this.#compressed(op);
    try {
      const plain = await decompressAsync(bytes, this.byteLength, this.name, op);
      // Somebody may have looked meanwhile.
      this.#plain ??= MemorySource.of([plain], this.name, op);
    } finally {
      memory.close();
      this.release();
    }
  }

  #decompressed(op: string): MemorySource {
    this.requireOpen(op);
    if (this.#plain === undefined) {
      const { memory, bytes } = this.#compressed(op);
      try {
        this.#plain = MemorySource.of([decompress(bytes, this.byteLength, this.name, op)], this.name, op);
      } finally {
        memory.close();
      }
    }
    return this.#plain;
  }

  #compressed(op: string): { memory: NativeBuffer; bytes: Uint8Array } {
    const { memory, begin } = this.#source.map(this.#byteOffset, this.#compressedLength, op);
    return { memory, bytes: new Uint8Array(memory.buffer, begin, this.#compressedLength) };
  }

  protected end(): void {
    this.#plain?.release();
    this.#source.release();
  }
}

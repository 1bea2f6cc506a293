import { switchable } from "../../native/switches.ts";
import type { BlobOf } from "../blob.ts";
import type { BlobType } from "../blob-type.ts";
import { CompressedSource } from "../compression/compressed-source.ts";
import type { PopefData } from "../data.ts";
import { BlobData } from "../storage/blob-data.ts";
import type { Lifetime } from "../storage/lifetime.ts";
import type { Source } from "../storage/source.ts";
import { type PoplarHeader, poplarHeaderBytes, readPoplarHeader } from "./poplar-executable.ts";

/** An executable as its file holds it. */
export class Executable {
  readonly name: string;
  readonly isCompressed: boolean;
  /**
   * Its bytes, decompressed where the file has them compressed: that happens when they are first looked at, and blocks;
   * `loadAsync` does it before, off the event loop.
   *
   * Looking throws FormatError `invalid_popef` (does not decompress to the size that the file states),
   * `unsupported_compression`; ArgumentError `too_large` (4 GiB).
   */
  readonly data: PopefData;
  /** As they lie in the file. */
  readonly storedData: PopefData;
  readonly #compressed: CompressedSource | undefined;

  /** Made by readers and models. @internal */
  constructor(blob: BlobOf<typeof BlobType.PoplarExecutable>, source: Source, lifetime: Lifetime) {
    const { name, uncompressedSize } = blob.info;
    const storedBytes = blob.byteOffset + blob.byteLength - blob.dataOffset;
    this.name = name;
    this.isCompressed = uncompressedSize !== undefined;
    this.storedData = new BlobData(source, blob.dataOffset, storedBytes, lifetime);
    if (uncompressedSize === undefined) {
      this.data = this.storedData;
    } else {
      const what = `executable ${JSON.stringify(name)} of ${source.name}`;
      this.#compressed = new CompressedSource(source, blob.dataOffset, storedBytes, uncompressedSize, what);
      lifetime.own(this.#compressed);
      this.data = new BlobData(this.#compressed, 0, uncompressedSize, lifetime);
    }
  }

  /** Decompresses off the event loop what is compressed. Rejects as looking at `data` throws. */
  async loadAsync(): Promise<void> {
    await this.#compressed?.prepare("Executable.loadAsync");
  }

  /**
   * The header of an executable made by Poplar, which is passed through and cannot run here; undefined for others.
   * @throws FormatError `invalid_executable`: its sizes do not add up.
   */
  poplarHeader(): PoplarHeader | undefined {
    const { byteLength } = this.data;
    using start = this.data.window(0, Math.min(poplarHeaderBytes, byteLength));
    return readPoplarHeader(start.bytes(), byteLength, "Executable.poplarHeader");
  }
}

switchable("Executable", Executable);

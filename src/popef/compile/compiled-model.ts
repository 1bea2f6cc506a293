import { rename, rm } from "node:fs/promises";
import { timers } from "../../native/timers.ts";
import { BlobType } from "../blob-type.ts";
import type { PopefData } from "../data.ts";
import { TensorDataInfo } from "../data-info.ts";
import type { Metadata } from "../metadata.ts";
import { Model } from "../model/model.ts";
import type { Source } from "../storage/source.ts";
import type { BlobWriter } from "../writing/blob-writer.ts";
import { FileWriter } from "../writing/file-writer.ts";
import type { PlacedWeight } from "./sources.ts";

// Written in one go; the event loop turns in between.
const pieceBytes = 4 * 1024 * 1024;

/**
 * What compiling made: a model to run, or to write to a file. Its weights are held in memory, or in the files beside the
 * ONNX model, until it is closed.
 */
export class CompiledModel extends Model {
  readonly #weights: readonly string[];

  /** Made by `compileOnnx`. @internal */
  constructor(metadata: Metadata, executable: Source, weights: readonly PlacedWeight[]) {
    const { byteLength } = executable;
    const info = { name: metadata.executable, uncompressedSize: undefined };
    const place = { version: "", byteOffset: 0, infoOffset: 0, dataOffset: 0, byteLength };
    super({
      executable: { source: executable, blob: { ...place, type: BlobType.PoplarExecutable, info } },
      metadata,
      opaqueBlobs: [],
      feeds: new Map(),
      tensors: new Map(weights.map((weight) => [weight.name, tensorOf(weight)])),
    });
    this.#weights = weights.map(({ name }) => name);
  }

  /**
   * Writes a PopEF file: metadata, executable, weights. A file of that name is replaced when the new one is complete;
   * until then, and when this fails, it stays as it is.
   *
   * @throws StateError `closed`; NotFoundError `file_not_found`: no such folder; CapacityError `no_space`; the signal's
   * reason
   */
  async write(path: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const unfinished = `${path}.${process.pid}.${crypto.randomUUID()}.part`;
    try {
      await this.#writeTo(unfinished, options.signal);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async #writeTo(path: string, signal: AbortSignal | undefined): Promise<void> {
    using writer = new FileWriter(path);
    writer.write(this.metadata);
    await copy(this.executable.data, writer.createExecutable(this.executable.name), signal);
    for (const name of this.#weights) {
      const { info, data } = this.tensorData(name)!;
      await copy(data, writer.createTensorData(info), signal);
    }
  }
}

async function copy(data: PopefData, writer: BlobWriter, signal: AbortSignal | undefined): Promise<void> {
  for (let at = 0; at < data.byteLength; at += pieceBytes) {
    signal?.throwIfAborted();
    using piece = data.window(at, Math.min(pieceBytes, data.byteLength - at));
    writer.write(piece.bytes());
    if (piece.byteLength === pieceBytes) await new Promise((resolve) => timers().setImmediate(resolve));
  }
  writer.close();
}

function tensorOf({ name, dataType, shape, source, byteOffset, byteLength }: PlacedWeight) {
  const info = new TensorDataInfo({ name, tensorInfo: { dataType, shape } });
  const place = { version: "", byteOffset, infoOffset: byteOffset, dataOffset: byteOffset, byteLength };
  return { source, blob: { ...place, type: BlobType.DataTensor, info } };
}

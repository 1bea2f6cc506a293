import { FileSource } from "../storage/file-source.ts";
import { MemorySource } from "../storage/memory-source.ts";
import type { Source } from "../storage/source.ts";
import { tooShort } from "./onnx/external-data.ts";
import type { Weight } from "./weights.ts";

/** A weight with where its elements are. */
export interface PlacedWeight extends Weight {
  readonly source: Source;
  readonly byteOffset: number;
}

/** Elements begin at a multiple of this, as engines like them. */
const alignment = 64;

/**
 * Copies what lies in the model's bytes to native memory, and opens files beside it. The caller owns the sources that
 * are added to `owned`, also when this fails.
 *
 * @throws NotFoundError `file_not_found`; FormatError `invalid_model`; CapacityError `out_of_memory`
 */
export async function placeWeights(weights: readonly Weight[], owned: Source[], op: string): Promise<PlacedWeight[]> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const offsets = weights.map(({ data }) => {
    if (!(data instanceof Uint8Array)) return data.offset;
    const begin = size;
    const padding = -data.byteLength & (alignment - 1);
    pieces.push(data, new Uint8Array(padding));
    size += data.byteLength + padding;
    return begin;
  });
  const memory = MemorySource.of(pieces, "the compiled model", op);
  owned.push(memory);
  const files = new Map<string, Source>();
  for (const { name, data } of weights) {
    if (data instanceof Uint8Array) continue;
    let file = files.get(data.path);
    if (file === undefined) {
      file = await FileSource.openAsync(data.path, op);
      owned.push(file);
      files.set(data.path, file);
    }
    if (data.offset + data.byteLength > file.byteLength) throw tooShort(data, file.byteLength, name, op);
  }
  return weights.map((weight, index) => ({
    ...weight,
    source: weight.data instanceof Uint8Array ? memory : files.get(weight.data.path)!,
    byteOffset: offsets[index]!,
  }));
}

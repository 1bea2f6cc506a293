import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { block, native } from "../../src/native/library.ts";
import { type DType, elementTypes, type TypedArrayOf } from "../../src/tensor/index.ts";

const folder = join(import.meta.dir, "..", "fixtures", "models");

/** The path of a fixture model. */
export function model(name: string): string {
  return join(folder, name);
}

interface Written {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly hex: string;
}

/** What Python's onnxruntime answers: see `test/fixtures/models/README.md`. */
export interface Expected {
  readonly model: string;
  readonly inputs: Readonly<Record<string, Written>>;
  readonly outputs: Readonly<Record<string, Written>>;
}

export const expected = JSON.parse(readFileSync(model("expected.json"), "utf8")) as readonly Expected[];

/** A written tensor as an array of its dtype. */
export function arrayOf({ dtype, hex }: Written): TypedArrayOf {
  const bytes = Uint8Array.fromHex(hex);
  return new elementTypes[dtype].arrayType(bytes.buffer);
}

/** Native objects that are alive once garbage is collected: handles, mappings, models, engine tensors. */
export function alive(): { handles: number; mappings: number; models: number; values: number } {
  Bun.gc(true);
  const handles = native.mr_boundary_live();
  const mappings = block.results[0]!;
  const models = native.mr_replica_live();
  return { handles, mappings, models, values: block.results[0]! };
}

/** Kinds of native objects of which there are more than before, after the collector has had some looks. */
export async function grown(before: ReturnType<typeof alive>): Promise<string[]> {
  const more = () => Object.entries(alive()).filter(([kind, count]) => count > before[kind as keyof typeof before]);
  let found = more();
  for (let looks = 0; looks < 100 && found.length > 0; looks++) {
    await Bun.sleep(5);
    found = more();
  }
  return found.map(([kind, count]) => `${count} ${kind}`);
}

/** Matches an error of Millrace by code, and by words of its message. */
export function failure(code: string, ...words: string[]): unknown {
  const all = words.map((word) => `(?=[\\s\\S]*${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")})`).join("");
  return expect.objectContaining({ code, message: expect.stringMatching(new RegExp(all)) });
}

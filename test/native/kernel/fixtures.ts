// What NumPy, OpenCV and Pillow made of small images; see test/fixtures/images/make.py.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DType, elementTypes, type TypedArray } from "../../../src/tensor/index.ts";

interface Packed {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string;
}

export interface Case {
  readonly by: string;
  readonly name: string;
  readonly source: string;
  readonly out: Packed;
  /** The most that an element may be off. */
  readonly tolerance: number;
  readonly bilinear?: boolean;
  readonly letterbox?: boolean;
  readonly padding?: number;
  readonly map?: readonly number[];
  readonly weights?: readonly number[];
  readonly scale?: readonly number[];
  readonly bias?: readonly number[];
  readonly boxes?: Packed;
  readonly indices?: Packed;
}

type Op = "add" | "subtract" | "multiply" | "divide" | "absolute";

interface Expected {
  readonly images: Readonly<Record<string, Packed>>;
  readonly cases: readonly Case[];
  readonly casts: ReadonlyArray<{ readonly from: Packed; readonly to: Packed }>;
  readonly arithmetic: ReadonlyArray<{ readonly a: Packed; readonly b: Packed } & Readonly<Record<Op, Packed>>>;
}

export const expected: Expected = JSON.parse(
  readFileSync(join(import.meta.dir, "../../fixtures/images/expected.json"), "utf8"),
);

export function unpack({ dtype, data }: Packed): TypedArray {
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  return new elementTypes[dtype].arrayType(bytes.buffer);
}

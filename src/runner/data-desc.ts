import { check, readText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { type DType, type ElementType, elementTypes, Shape } from "../tensor/index.ts";

/** What a model says of one of its inputs or outputs. */
export interface DataDesc {
  readonly name: string;
  readonly dtype: DType;
  /** Axis sizes; -1 where the size is known only with the data. */
  readonly shape: Shape;
  /** The model's names of the axes, `"batch"` for instance; undefined where it has none. As long as `shape`. */
  readonly axisNames: readonly (string | undefined)[];
  /** Bytes of the whole tensor; undefined when an axis is -1. */
  readonly sizeInBytes: number | undefined;
}

/** A native object: see `zig/abi/handle.zig`. */
export interface Handle {
  readonly slot: number;
  readonly generation: number;
}

export type Direction = "input" | "output";
export const directionCode: Readonly<Record<Direction, number>> = { input: 0, output: 1 };

// ONNXType of the C API.
const tensorKind = 1;
const kindNames = ["unknown value", "tensor", "sequence", "map", "opaque value", "sparse tensor", "optional"];
const elementNames: Readonly<Record<number, string>> = {
  8: "string",
  14: "complex64",
  15: "complex128",
  21: "uint4",
  22: "int4",
  23: "float4e2m1",
};
const byCode = new Map<number, ElementType>(Object.values(elementTypes).map((type) => [type.code, type]));

/** All inputs or outputs of a loaded model, in the model's order. @throws ArgumentError `unsupported_type` */
export function readDescs(model: Handle, direction: Direction, count: number, op: string): readonly DataDesc[] {
  return Array.from({ length: count }, (_, index) => readDesc(model, direction, index, op));
}

function readDesc(model: Handle, direction: Direction, index: number, op: string): DataDesc {
  const length = check(native.mr_replica_port(model.slot, model.generation, directionCode[direction], index), op);
  const [name = "", ...symbols] = readText(0, length - 1).split("\0");
  const [kind = 0, code = 0, rank = 0] = block.results;
  const type = byCode.get(code);
  if (kind !== tensorKind || type === undefined) {
    const what = kind === tensorKind ? `a tensor of ${elementNames[code] ?? `type ${code}`}` : `a ${kindNames[kind]}`;
    throw makeError("unsupported_type", { op, message: `${direction} "${name}" is ${what}.` });
  }
  const shape = Object.freeze([...block.values.subarray(0, rank)]);
  return Object.freeze({
    name,
    dtype: type.name,
    shape,
    axisNames: Object.freeze(symbols.map((symbol) => symbol || undefined)),
    sizeInBytes: shape.includes(-1) ? undefined : Shape.byteSize(type.name, shape, op),
  });
}

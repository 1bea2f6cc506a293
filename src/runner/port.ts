import { check, readText } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { off, switchable } from "../native/switches.ts";
import { type ElementType, elementTypes, Shape } from "../tensor/index.ts";
import type { DataDesc } from "./data-desc.ts";

/** A native object: see `zig/abi/handle.zig`. */
export interface Handle {
  readonly slot: number;
  readonly generation: number;
}

export type Direction = "input" | "output";
export const directionCode: Readonly<Record<Direction, number>> = { input: 0, output: 1 };

/** What the native side says of an input or output: see `mr_replica_port`. */
export interface Port {
  readonly desc: DataDesc;
  /** What a request may have: as the model's, but any number of rows where requests are merged. */
  readonly shape: Shape;
  /** The axis that counts rows; -1: none. */
  readonly rowAxis: number;
  /** Elements of one row; undefined when only the data tells. */
  readonly rowElements: number | undefined;
  /** Where it lies in the memory of 64 requests, in bytes; `stride` bytes from one to the next, 0: not there. */
  readonly offset: number;
  readonly stride: number;
}

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
export function readPorts(model: Handle, direction: Direction, count: number, op: string): readonly Port[] {
  return Array.from({ length: count }, (_, index) => readPort(model, direction, index, op));
}

function readPort(model: Handle, direction: Direction, index: number, op: string): Port {
  const length = check(native.mr_replica_port(model.slot, model.generation, directionCode[direction], index), op);
  const [name = "", ...symbols] = readText(0, length - 1).split("\0");
  const [kind = 0, code = 0, rank = 0, rowAxis = -1, rowBytes = -1, offset = 0, stride = 0, anyRows = 0] =
    block.results;
  const type = byCode.get(code);
  if (kind !== tensorKind || type === undefined) {
    const what = kind === tensorKind ? `a tensor of ${elementNames[code] ?? `type ${code}`}` : `a ${kindNames[kind]}`;
    throw makeError("unsupported_type", { op, message: `${direction} "${name}" is ${what}.` });
  }
  const shape = Object.freeze([...block.values.subarray(0, rank)]);
  const described = {
    name,
    dtype: type.name,
    shape,
    axisNames: Object.freeze(symbols.map((symbol) => symbol || undefined)),
    sizeInBytes: shape.includes(-1) ? undefined : Shape.byteSize(type.name, shape, op),
    popefContainsTensorData: off("data_desc_no_data"),
  };
  const desc: DataDesc = Object.freeze(switchable("DataDesc", described));
  return {
    desc,
    shape: anyRows === 1 && rowAxis >= 0 ? Object.freeze(shape.with(rowAxis, -1)) : shape,
    rowAxis,
    rowElements: rowBytes < 0 ? undefined : rowBytes / type.size,
    offset,
    stride,
  };
}

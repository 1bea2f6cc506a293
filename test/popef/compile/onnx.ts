/** Writes small ONNX models, field by field: a message is the bytes of its fields, one behind the other. */

const text = new TextEncoder();

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

/** One field: bytes and texts with their length, numbers as varints. */
export function field(number: number, value: string | Uint8Array | number | bigint): Uint8Array {
  if (typeof value === "number" || typeof value === "bigint")
    return Uint8Array.from([...varint(BigInt(number) << 3n), ...varint(BigInt(value))]);
  const bytes = typeof value === "string" ? text.encode(value) : value;
  return join([Uint8Array.from([...varint((BigInt(number) << 3n) | 2n), ...varint(BigInt(bytes.length))]), bytes]);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export const types = {
  float: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
};
type Axis = number | string | undefined;

/** A tensor's name, type and axes: a number, a name, or neither. `undefined` for the axes: of any rank. */
export function value(name: string, type: number, axes: readonly Axis[] | undefined): Uint8Array {
  const dim = (axis: Axis) =>
    axis === undefined ? new Uint8Array() : typeof axis === "number" ? field(1, axis) : field(2, axis);
  const shape = axes === undefined ? [] : [field(2, join(axes.map((axis) => field(1, dim(axis)))))];
  return join([field(1, name), field(2, field(1, join([field(1, type), ...shape])))]);
}

/** An initializer; `fields` are its elements, or where they are. */
export function tensor(name: string, type: number, dims: readonly number[], ...fields: Uint8Array[]): Uint8Array {
  return join([...dims.map((dim) => field(1, dim)), field(2, type), field(8, name), ...fields]);
}

/** The elements of an initializer as raw data. */
export function raw(elements: ArrayBufferView): Uint8Array {
  return field(9, new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
}

/** Where the elements of an initializer are. */
export function external(entries: { readonly [key: string]: string }): Uint8Array {
  const parts = Object.entries(entries).map(([key, text]) => field(13, join([field(1, key), field(2, text)])));
  return join([...parts, field(14, 1)]);
}

export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  ...attributes: Uint8Array[]
): Uint8Array {
  return join([
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(4, operator),
    ...attributes.map((attribute) => field(5, attribute)),
  ]);
}

/** An attribute that is a graph, such as a branch of If. */
export function graphAttribute(name: string, graph: Uint8Array): Uint8Array {
  return join([field(1, name), field(6, graph), field(20, 5)]);
}

export function intAttribute(name: string, number: number): Uint8Array {
  return join([field(1, name), field(3, number), field(20, 2)]);
}

export interface Graph {
  readonly nodes: readonly Uint8Array[];
  readonly weights?: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  /** Fields of the graph that are none of these. */
  readonly more?: readonly Uint8Array[];
}

export function graph({ nodes, weights = [], inputs = [], outputs, more = [] }: Graph): Uint8Array {
  return join([
    ...nodes.map((bytes) => field(1, bytes)),
    field(2, "g"),
    ...weights.map((bytes) => field(5, bytes)),
    ...inputs.map((bytes) => field(11, bytes)),
    ...outputs.map((bytes) => field(12, bytes)),
    ...more,
  ]);
}

/** A model of operator set 17. */
export function model(parts: Graph, irVersion = 8): Uint8Array {
  return join([field(1, irVersion), field(7, graph(parts)), field(8, field(2, 17))]);
}

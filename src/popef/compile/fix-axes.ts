import { checkInteger } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import { Shape } from "../../tensor/index.ts";
import type { Dimension, GraphProto, ValueInfoProto } from "./onnx/proto.ts";
import { make } from "./onnx/schema.ts";
import type { ResolvedOptions } from "./options.ts";

/**
 * Gives every open axis of the inputs its size, and the same to all axes of the graph that bear the same name.
 * `inputs` are the graph's inputs that are no initializers.
 *
 * @throws ArgumentError `unsupported_type`, `unknown_input`, `wrong_shape`, `wrong_batching`, `dynamic_shape`
 */
export function fixAxes(
  graph: GraphProto,
  inputs: readonly ValueInfoProto[],
  options: ResolvedOptions,
  op: string,
): void {
  const axes = new Axes(graph, op);
  for (const [name, size] of Object.entries(options.axes)) axes.name(name, size);
  for (const input of inputs) axes.takeShape(input, options.inputs[input.name]);
  for (const name of Object.keys(options.inputs)) {
    if (inputs.some((input) => input.name === name)) continue;
    const known = inputs.map((input) => `"${input.name}"`).join(", ");
    throw makeError("unknown_input", { op, message: `the model has no input "${name}"; its inputs are ${known}.` });
  }
  if (!off("compile_batch_size")) axes.takeBatch(inputs, options);
  axes.spread(graph);
  axes.requireAll(inputs);
}

class Axes {
  readonly #sizes = new Map<string, number>();
  readonly #names = new Set<string>();
  readonly #op: string;

  constructor(graph: GraphProto, op: string) {
    this.#op = op;
    for (const value of valuesOf(graph)) {
      for (const { value: dim } of dimensionsOf(value) ?? []) if (dim.case === "dimParam") this.#names.add(dim.value);
    }
  }

  /** @throws ArgumentError `invalid_argument`: no axis has this name, or it has another size already. */
  name(name: string, size: number): void {
    const op = this.#op;
    checkInteger(size, `the size of axis "${name}"`, op);
    const known = [...this.#names].map((axis) => `"${axis}"`).join(", ") || "none";
    if (!this.#names.has(name))
      throw makeError("invalid_argument", { op, message: `no axis is named "${name}"; named are ${known}.` });
    const before = this.#sizes.get(name);
    if (before !== undefined && before !== size)
      throw makeError("wrong_shape", { op, message: `the axis "${name}" cannot be ${before} and ${size}.` });
    this.#sizes.set(name, size);
  }

  /** A shape that the caller gave must be that of the input, with sizes where it has none. */
  takeShape(input: ValueInfoProto, given: readonly number[] | undefined): void {
    const op = this.#op;
    const type = input.type?.tensorType;
    if (type === undefined)
      throw makeError("unsupported_type", { op, message: `the input "${input.name}" is no plain tensor.` });
    if (given === undefined) return;
    const shape = Shape.validate(given, op);
    type.shape ??= make("TensorShapeProto", { dim: shape.map(() => make<Dimension>("Dimension", open)) });
    const { dim: dims } = type.shape;
    const fits =
      dims.length === shape.length && dims.every((dim, axis) => (sizeOf(dim) ?? shape[axis]) === shape[axis]);
    if (!fits) {
      const message = `the input "${input.name}" has the shape ${describe(dims)}, not ${Shape.format(shape)}.`;
      throw makeError("wrong_shape", { op, message });
    }
    for (const [axis, dim] of dims.entries()) this.#fix(dim, shape[axis]!);
  }

  /** @throws ArgumentError `wrong_batching` */
  takeBatch(inputs: readonly ValueInfoProto[], { batchSize, batchSizeGiven, batchingDim }: ResolvedOptions): void {
    let open = false;
    const fixed: string[] = [];
    for (const input of inputs) {
      const dim = dimensionsOf(input)?.[batchingDim];
      if (dim === undefined) continue;
      const size = sizeOf(dim) ?? this.#sizes.get(symbolOf(dim));
      if (size === undefined) this.#fix(dim, batchSize);
      if (size === undefined || size === batchSize) open = true;
      else fixed.push(`"${input.name}" has ${size}`);
    }
    if (!batchSizeGiven || open) return;
    const message = `batchSize is ${batchSize}, but ${fixed.join(", ") || "no input has an axis"} at axis ${batchingDim}.`;
    throw makeError("wrong_batching", { op: this.#op, message });
  }

  /** Named axes whose size is known get it, everywhere. */
  spread(graph: GraphProto): void {
    for (const value of valuesOf(graph)) {
      for (const dim of dimensionsOf(value) ?? []) {
        const size = dim.value.case === "dimParam" ? this.#sizes.get(dim.value.value) : undefined;
        if (size !== undefined) dim.value = { case: "dimValue", value: BigInt(size) };
      }
    }
  }

  requireAll(inputs: readonly ValueInfoProto[]): void {
    const open = inputs.flatMap((input) => {
      const dims = dimensionsOf(input);
      return dims?.every((dim) => sizeOf(dim) !== undefined)
        ? []
        : [`"${input.name}" ${dims ? describe(dims) : "of any rank"}`];
    });
    if (open.length === 0) return;
    throw makeError("dynamic_shape", {
      op: this.#op,
      message: `inputs have axes without a size: ${open.join(", ")}.`,
      hint: "Give sizes in `axes` by the name of the axis, or whole shapes in `inputs`.",
    });
  }

  #fix(dim: Dimension, size: number): void {
    if (dim.value.case === "dimParam" && dim.value.value !== "") this.name(dim.value.value, size);
    dim.value = { case: "dimValue", value: BigInt(size) };
  }
}

const open = { value: { case: undefined } } as const;

function valuesOf(graph: GraphProto): ValueInfoProto[] {
  return [...graph.input, ...graph.output, ...graph.valueInfo];
}

function dimensionsOf(value: ValueInfoProto): Dimension[] | undefined {
  return value.type?.tensorType?.shape?.dim;
}

/** Undefined where the model leaves it open; some models write -1. */
function sizeOf({ value }: Dimension): number | undefined {
  return value.case === "dimValue" && value.value >= 0n ? Number(value.value) : undefined;
}

function symbolOf({ value }: Dimension): string {
  return value.case === "dimParam" ? value.value : "";
}

function describe(dims: readonly Dimension[]): string {
  return `[${dims.map((dim) => sizeOf(dim) ?? (symbolOf(dim) || "?")).join(",")}]`;
}

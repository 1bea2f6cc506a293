import { makeError } from "../native/error.ts";
import type { RawBytes, RawMemory } from "../tensor/index.ts";
import { type DType, Shape, type TensorData, type TensorSource, type TypedArrayOf } from "../tensor/index.ts";
import type { DataDesc } from "./data-desc.ts";
import type { ResultTensor } from "./result.ts";

/** What is expected of one input or output: its element type, and its shape where that matters (-1: any size). */
export type ExpectedPort = DType | { readonly dtype: DType; readonly shape?: readonly number[] | undefined };

/**
 * What the model must be like. Checked once, when it is loaded; the types of `execute` follow from it. An input that
 * the model has and the expectation does not name is an error; further outputs are not.
 */
export interface Expectation {
  readonly inputs?: Readonly<Record<string, ExpectedPort>> | undefined;
  readonly outputs?: Readonly<Record<string, ExpectedPort>> | undefined;
}

type DTypeOf<P> = P extends DType ? P : P extends { readonly dtype: infer D extends DType } ? D : never;

/** What may be passed for an input of element type `D`. */
export type InputOf<D extends DType = DType> = TensorSource<D> | TensorData<D> | TypedArrayOf<D> | RawBytes | RawMemory;

/** The inputs of a model by name. */
export type Inputs<E extends Expectation = Expectation> = E extends { readonly inputs: infer P extends object }
  ? { readonly [K in keyof P]: InputOf<DTypeOf<P[K]>> }
  : Readonly<Record<string, InputOf>>;

/** The outputs of a model by name. */
export type Outputs<E extends Expectation = Expectation> = E extends { readonly outputs: infer P extends object }
  ? { readonly [K in keyof P]: ResultTensor<DTypeOf<P[K]>> }
  : Readonly<Record<string, ResultTensor>>;

/** The outputs of a model by name, each as a promise. */
export type OutputPromises<E extends Expectation = Expectation> = {
  readonly [K in keyof Outputs<E>]: Promise<Outputs<E>[K]>;
};

/** @throws ArgumentError `expectation_failed`, naming every difference. */
export function checkExpectation(
  expected: Expectation,
  inputs: readonly DataDesc[],
  outputs: readonly DataDesc[],
  op: string,
): void {
  const problems = [
    ...differences("input", expected.inputs, inputs),
    ...differences("output", expected.outputs, outputs),
  ];
  if (expected.inputs !== undefined) {
    const extra = inputs.filter((desc) => !Object.hasOwn(expected.inputs!, desc.name));
    problems.push(...extra.map((desc) => `input "${desc.name}" (${describe(desc)}) is not expected`));
  }
  if (problems.length > 0) throw makeError("expectation_failed", { op, message: `${problems.join("; ")}.` });
}

function differences(kind: string, expected: Expectation["inputs"], descs: readonly DataDesc[]): string[] {
  return Object.entries(expected ?? {}).flatMap(([name, port]) => {
    const desc = descs.find((candidate) => candidate.name === name);
    if (desc === undefined) {
      return [`there is no ${kind} "${name}", only ${descs.map((d) => `"${d.name}"`).join(", ") || "none"}`];
    }
    const { dtype, shape } = typeof port === "string" ? { dtype: port, shape: undefined } : port;
    const fits = desc.dtype === dtype && (shape === undefined || compatible(desc.shape, shape));
    if (fits) return [];
    const wanted = shape === undefined ? dtype : `${dtype} ${Shape.format(shape)}`;
    return [`${kind} "${name}" is ${describe(desc)}, not ${wanted}`];
  });
}

/** An axis that either side leaves open fits every size. */
function compatible(shape: Shape, expected: Shape): boolean {
  return (
    shape.length === expected.length &&
    shape.every((size, axis) => size === -1 || expected[axis] === -1 || size === expected[axis])
  );
}

function describe(desc: DataDesc): string {
  return `${desc.dtype} ${Shape.format(desc.shape)}`;
}

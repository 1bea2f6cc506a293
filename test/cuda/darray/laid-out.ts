import fc from "fast-check";
import { DArray } from "../../../src/cuda/darray/index.ts";
import { convert, type DType, Shape } from "../../../src/tensor/index.ts";

/** Values and a way to lay them out in memory. */
export interface Laid {
  readonly shape: readonly number[];
  /** In row-major order, each a value of the type. */
  readonly values: readonly number[];
  make(): DArray;
}

/** Numbers that every element type holds, and a few that only floats or signed types do. */
export function numbersFor(dtype: DType): fc.Arbitrary<number> {
  if (dtype === "bool") return fc.integer({ min: 0, max: 1 });
  const signed = !dtype.startsWith("u");
  const small = fc.integer({ min: signed ? -20 : 0, max: 120 });
  return dtype.includes("float")
    ? fc.oneof(
        small,
        fc.integer({ min: -64, max: 64 }).map((n) => n / 8),
      )
    : small;
}

/** A shape's elements, somewhere in a larger array: its axes in any order, with steps of 1 or 2, forwards or backwards. */
export function laidOut(shape: readonly number[], dtype: DType): fc.Arbitrary<Laid> {
  const count = Shape.elementCount(shape);
  return fc
    .record({
      values: fc.array(numbersFor(dtype), { minLength: count, maxLength: count }),
      order: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      steps: fc.tuple(...shape.map(() => fc.constantFrom(-2, -1, 1, 1, 1, 2))),
      lead: fc.nat(2),
    })
    .map(({ values, order, steps, lead }) => {
      const held = convert(convert(Float64Array.from(values), { to: dtype }), { from: dtype, to: "float64" });
      return { shape, values: Array.from(held), make: () => place(shape, held, dtype, { order, steps, lead }) };
    });
}

interface Layout {
  readonly order: readonly number[];
  readonly steps: readonly number[];
  readonly lead: number;
}

function place(shape: readonly number[], values: Float64Array, dtype: DType, { order, steps, lead }: Layout): DArray {
  const spread = order.map((axis) => shape[axis]! * Math.abs(steps[axis]!) + lead);
  using whole = DArray.zeros(spread, { dtype });
  using cut = whole.slice(
    ...order.map((axis, i) => ({ start: steps[axis]! > 0 ? lead : spread[i]! - 1, step: steps[axis]! })),
  );
  const back = shape.map((_, axis) => order.indexOf(axis));
  using view = cut.transpose(back);
  return view.slice(...shape.map((size) => ({ stop: size }))).fromHost(convert(values, { to: dtype }) as never);
}

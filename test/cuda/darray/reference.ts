import fc from "fast-check";
import type { Index } from "../../../src/cuda/darray/index.ts";

/** An array as plain as can be: what operations are compared with. */
export interface Plain {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly values: readonly number[];
}

/** 0, 1, 2 ... in this shape. */
export function counted(shape: readonly number[]): Plain {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, values: Array.from({ length: size }, (_, i) => i) };
}

/** Every index of a shape, in row-major order. */
export function* indicesOf(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) return yield [];
  for (let i = 0; i < shape[0]!; i++) for (const rest of indicesOf(shape.slice(1))) yield [i, ...rest];
}

export function at({ shape, values }: Plain, index: readonly number[]): number {
  return values[index.reduce((place, i, axis) => place * shape[axis]! + i, 0)]!;
}

export function transposed(plain: Plain, axes: readonly number[]): Plain {
  const shape = axes.map((axis) => plain.shape[axis]!);
  const values = [...indicesOf(shape)].map((index) => {
    const original = new Array<number>(axes.length);
    axes.forEach((axis, i) => {
      original[axis] = index[i]!;
    });
    return at(plain, original);
  });
  return { shape, values };
}

/** NumPy's basic indexing, by listing what each index names. */
export function sliced(plain: Plain, indices: readonly Index[]): Plain {
  const dots = indices.indexOf("...");
  const used = indices.filter((index) => index !== null && index !== "...").length;
  const whole = new Array<Index>(plain.shape.length - used).fill(":");
  const all = dots < 0 ? [...indices, ...whole] : indices.toSpliced(dots, 1, ...whole);
  const shape: number[] = [];
  const lists: number[][] = [];
  let axis = 0;
  for (const index of all) {
    if (index === null) {
      shape.push(1);
      continue;
    }
    const named = namedBy(index, plain.shape[axis++]!);
    lists.push(named);
    if (typeof index !== "number") shape.push(named.length);
  }
  return {
    shape,
    values: [...indicesOf(lists.map((list) => list.length))].map((picked) =>
      at(
        plain,
        picked.map((i, a) => lists[a]![i]!),
      ),
    ),
  };
}

function namedBy(index: Index, size: number): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  if (typeof index === "number") return [all.at(index)!];
  const [start, stop, step = 1] =
    typeof index === "string"
      ? index.split(":").map((part) => (part === "" ? undefined : Number(part)))
      : [index!.start, index!.stop, index!.step];
  // Backwards is forwards in the mirrored list.
  if (step! < 0) {
    const mirrored = (bound: number) => Math.min(Math.max(bound < 0 ? -bound - 1 : size - 1 - bound, 0), size);
    const begin = start === undefined ? 0 : mirrored(start);
    const end = stop === undefined ? size : mirrored(stop);
    return all
      .toReversed()
      .slice(begin, Math.max(begin, end))
      .filter((_, i) => i % -step! === 0);
  }
  return all.slice(start, stop).filter((_, i) => i % step! === 0);
}

/** Shapes of up to four axes, some of them empty or of one element. */
export const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

const bound = fc.option(fc.integer({ min: -7, max: 7 }), { nil: undefined });
const step = fc.option(fc.constantFrom(-3, -2, -1, 1, 2, 3), { nil: undefined });
const range = fc.record({ start: bound, stop: bound, step });
const spelled = range.map(
  (r) => `${r.start ?? ""}:${r.stop ?? ""}:${r.step ?? ""}`.replace(/:$/, "") as `${string}:${string}`,
);

/** Indices that fit a shape: of its first axes, and of its last ones behind "...", with a new axis somewhere. */
export function indicesFor(shape: readonly number[]): fc.Arbitrary<Index[]> {
  const perAxis = shape.map((size) =>
    fc.oneof(range, spelled, ...(size > 0 ? [fc.integer({ min: -size, max: size - 1 })] : [])),
  );
  const place = fc.nat(shape.length);
  return fc
    .record({ indices: fc.tuple(...perAxis), first: place, last: place, dots: fc.boolean(), added: fc.option(place) })
    .map(({ indices, first, last, dots, added }) => {
      const chosen: Index[] = indices.slice(0, first);
      if (dots) chosen.push("...", ...indices.slice(Math.max(first, shape.length - last)));
      return added === null ? chosen : chosen.toSpliced(added, 0, null);
    });
}

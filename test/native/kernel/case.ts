import type { Case } from "./fixtures.ts";

/** The numbers that the image kernel takes. */
export function scalarsOf(how: Case): number[] {
  const four = (given: readonly number[] | undefined, rest: number) => [0, 1, 2, 3].map((c) => given?.[c] ?? rest);
  return [
    how.bilinear ? 1 : 0,
    how.letterbox ? 1 : 0,
    how.padding ?? 0,
    ...(how.map ? four(how.map, 0) : [0, 1, 2, 3]),
    ...four(how.weights, 0).slice(0, 3),
    ...four(how.scale, 1),
    ...four(how.bias, 0),
  ];
}

import { type DType, elementTypes } from "../tensor/index.ts";

/** The element types that a pipeline definition can name: Clara's eleven, by their NumPy names. */
export type PrimitiveType = Exclude<DType, "bool" | "bfloat16" | `float8${string}`>;

const claras = Object.values(elementTypes).filter(({ clara }) => clara !== undefined);

export const PrimitiveTypes = Object.freeze(claras.map(({ name }) => name as PrimitiveType));

const bySpelling = new Map<string | undefined, PrimitiveType>(
  claras.flatMap(({ name, clara }) => [
    [name, name as PrimitiveType],
    [clara, name as PrimitiveType],
  ]),
);

/** `"f32"` and `"float32"` are both `"float32"`; undefined for anything else. */
export function primitiveType(spelling: string): PrimitiveType | undefined {
  return bySpelling.get(spelling);
}

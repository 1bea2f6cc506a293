/** The element types that a pipeline definition can name: Clara's eleven, by their NumPy names. */
export const PrimitiveTypes = [
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int8",
  "int16",
  "int32",
  "int64",
  "float16",
  "float32",
  "float64",
] as const;

export type PrimitiveType = (typeof PrimitiveTypes)[number];

const spellings = new Map<string, PrimitiveType>(
  PrimitiveTypes.flatMap((name) => [
    [name, name],
    [name.replace("uint", "u").replace("int", "i").replace("float", "f"), name],
  ]),
);

/** `"f32"` and `"float32"` are both `"float32"`; undefined for anything else. */
export function primitiveType(spelling: string): PrimitiveType | undefined {
  return spellings.get(spelling);
}

import { makeError } from "../native/error.ts";
import type { DType } from "./dtype.ts";
import { type ElementType, elementTypes } from "./element-type.ts";

/** Every spelling; made when first needed, so that nobody's import pays for it. */
let spellings: ReadonlyMap<string | number, ElementType> | undefined;

function readSpellings(): ReadonlyMap<string | number, ElementType> {
  const bySpelling = new Map<string | number, ElementType>();
  for (const type of Object.values(elementTypes) as ElementType[]) {
    bySpelling.set(type.name, type);
    bySpelling.set(type.code, type);
    bySpelling.set(type.numpy, type);
    bySpelling.set(type.numpy.replace("<", "="), type);
    bySpelling.set(type.onnx, type);
    bySpelling.set(`tensor(${type.onnx.toLowerCase()})`, type);
    if (type.popef !== undefined) {
      bySpelling.set(type.popef, type);
      bySpelling.set(type.popef.toLowerCase(), type);
    }
  }
  // NumPy also writes its type strings bare: "f4". Clara's names come last, so that "u8" and "i8" count bits.
  for (const type of Object.values(elementTypes) as ElementType[]) {
    if (/^[<|]/.test(type.numpy)) bySpelling.set(type.numpy.slice(1), type);
  }
  for (const type of Object.values(elementTypes) as ElementType[]) {
    if (type.clara !== undefined) bySpelling.set(type.clara, type);
  }
  bySpelling.set("?", elementTypes.bool);
  // PopEF's first 8-bit float carries no format: its bytes are passed through, never read as numbers.
  bySpelling.set("F8", elementTypes.uint8);
  // NumPy means 8 bytes, PopEF 8 bits.
  bySpelling.delete("f8");
  return bySpelling;
}

function typeSpelled(spelling: string | number): ElementType | undefined {
  spellings ??= readSpellings();
  return spellings.get(spelling);
}

function reason(spelling: unknown): string {
  if (typeof spelling === "string" && spelling.startsWith(">"))
    return `"${spelling}" is big-endian; tensors here are little-endian.`;
  if (spelling === "f8") return '"f8" is 8 bytes to NumPy and 8 bits to PopEF; write "float64" or "uint8".';
  const shown = typeof spelling === "string" ? JSON.stringify(spelling) : String(spelling);
  return `${shown} names no element type.`;
}

/**
 * The element type behind a name, in any of these spellings:
 *
 * - canonical (NumPy, ml_dtypes): `"float32"`, `"bfloat16"`, `"float8_e4m3fn"`;
 * - NumPy type strings, little-endian: `"<f4"`, `"|u1"`, `"f4"`, `"?"`;
 * - PopEF: `"F32"`, `"s8"`, `"F8143"` (FNUZ, as `"F8152"`); plain `"F8"` has no known format and is `"uint8"`: bytes only;
 * - ONNX: `"FLOAT"`, `"tensor(float)"`, or the number of `TensorProto.DataType`;
 * - Clara: `"f32"`, `"u8"`.
 *
 * `"u8"` and `"i8"` without a byte-order mark are Clara's 8 bits; NumPy's 8 bytes are `"<u8"` and `"<i8"`.
 *
 * @throws ArgumentError `invalid_dtype` for anything else, which lists what is accepted.
 */
export function elementType<const D extends DType>(spelling: D, op?: string): ElementType<D>;
export function elementType(spelling: string | number, op?: string): ElementType;
export function elementType(spelling: string | number, op = "elementType"): ElementType {
  const type = typeSpelled(spelling);
  if (type === undefined) {
    throw makeError("invalid_dtype", {
      op,
      message: reason(spelling),
      hint:
        `Use one of ${Object.keys(elementTypes).join(", ")}; ` +
        'or the spelling of NumPy ("<f4"), PopEF ("F32"), ONNX ("FLOAT", "tensor(float)", 1) or Clara ("f32").',
    });
  }
  return type;
}

/** The element type of an ONNX number that was read from outside, or undefined. */
export function elementTypeOfCode(code: number): ElementType | undefined {
  return typeSpelled(code);
}

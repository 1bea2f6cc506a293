import { isScalar, type Node } from "yaml";
import type { EntryType, MemoryType } from "./definition.ts";
import { type PrimitiveType, PrimitiveTypes, primitiveType } from "./primitive-type.ts";
import { describe, type Section } from "./section.ts";

const primitives = PrimitiveTypes.join(", ");
const types = `stream, string, array, array<T>[sizes], or one of ${primitives}`;
const short = /^array\s*<\s*(\w+)\s*>\s*\[([^\]]*)\]$/;

/** Reads `type`, `element-type`, `shape` and `path` of an input or output, in the long or the short form. */
export function readEntryType(section: Section): EntryType | undefined {
  const type = section.requiredText("type", types)?.trim();
  const form = type === undefined ? undefined : readForm(section, type);
  if (type !== undefined) for (const key of surplus(type)) omit(section, key, type);
  return form;
}

function readForm(section: Section, type: string): EntryType | undefined {
  if (type === "stream") return readStream(section);
  if (type === "string") return { kind: "string", elementType: "uint8", shape: [-1] };
  if (type === "array") return array(readElementType(section), readShape(section));
  const parts = short.exec(type);
  if (parts !== null) {
    const sizes = parts[2]!.split(",").map((size) => (size.trim() === "" ? Number.NaN : Number(size)));
    return array(knownPrimitive(section, "type", parts[1]!), checkedShape(section, "type", sizes, `[${parts[2]}]`));
  }
  const elementType = primitiveType(type);
  if (elementType !== undefined) return { kind: "primitive", elementType, shape: [1] };
  section.report("type", `type ${JSON.stringify(type)} is unknown; expected ${types}`);
  return undefined;
}

/** Keys that say again, or otherwise, what the type has said already. */
function surplus(type: string): readonly string[] {
  if (type === "stream") return ["shape"];
  return type === "array" ? ["path"] : ["element-type", "shape", "path"];
}

function omit(section: Section, key: string, type: string): void {
  if (section.has(key)) section.report(key, `\`${key}\` has no meaning for type ${type}; expected it to be left out`);
}

function readStream(section: Section): EntryType | undefined {
  const elementType = section.requiredText("element-type", 'what the files hold, such as "dicom"');
  const path = section.text("path", "an absolute path");
  if (path !== undefined && !path.startsWith("/")) {
    section.report("path", `path ${JSON.stringify(path)} is relative; expected an absolute path`);
  }
  return elementType === undefined ? undefined : { kind: "stream", elementType, path };
}

function array(elementType: PrimitiveType | undefined, shape: readonly number[] | undefined): MemoryType | undefined {
  return elementType === undefined || shape === undefined ? undefined : { kind: "array", elementType, shape };
}

function readElementType(section: Section): PrimitiveType | undefined {
  const spelling = section.requiredText("element-type", `one of ${primitives}`);
  return spelling === undefined ? undefined : knownPrimitive(section, "element-type", spelling);
}

function knownPrimitive(section: Section, key: string, spelling: string): PrimitiveType | undefined {
  const known = primitiveType(spelling);
  if (known === undefined) {
    section.report(key, `element type ${JSON.stringify(spelling)} is unknown; expected one of ${primitives}`);
  }
  return known;
}

function readShape(section: Section): readonly number[] | undefined {
  const expected = "a list of sizes such as [1, -1, 512, 512]";
  if (!section.has("shape")) return section.missing("shape", expected);
  const nodes = section.list("shape", expected);
  if (nodes === undefined) return undefined;
  return checkedShape(section, "shape", nodes.map(sizeOf), `[${nodes.map(describeSize).join(", ")}]`);
}

function sizeOf(node: Node): number {
  return isScalar(node) && typeof node.value === "number" ? node.value : Number.NaN;
}

function describeSize(node: Node): string {
  return isScalar(node) && typeof node.value === "number" ? String(node.value) : describe(node);
}

function checkedShape(
  section: Section,
  key: string,
  sizes: readonly number[],
  text: string,
): readonly number[] | undefined {
  if (sizes.length === 0 || !sizes.every((size) => Number.isSafeInteger(size) && size >= -1)) {
    section.report(
      key,
      `shape ${text} is not usable; expected at least one axis, each a positive integer, or -1 for a size set at run time`,
    );
    return undefined;
  }
  // The widest element has 8 bytes.
  if (sizes.reduce((bytes, size) => bytes * Math.max(size, 1), 8) > Number.MAX_SAFE_INTEGER) {
    section.report(key, `shape ${text} is too large; expected a product below 2^50 elements`);
    return undefined;
  }
  return sizes.map((size) => (size === 0 ? -1 : size));
}

/** `array<float32>[1,-1]`, `string`, `float32`, `stream of dicom`. */
export function formatEntryType(type: EntryType): string {
  if (type.kind === "stream") return `stream of ${type.elementType}`;
  if (type.kind === "string") return "string";
  return type.kind === "primitive" ? type.elementType : `array<${type.elementType}>[${type.shape.join(",")}]`;
}

/** True when data of type `output` can go into an input declared as `input`: a dynamic axis matches any size. */
export function connects(output: EntryType, input: EntryType): boolean {
  if (output.kind === "stream" || input.kind === "stream") {
    return output.kind === input.kind && output.elementType === input.elementType;
  }
  return (
    output.elementType === input.elementType &&
    output.shape.length === input.shape.length &&
    output.shape.every((size, axis) => size === -1 || input.shape[axis] === -1 || size === input.shape[axis])
  );
}

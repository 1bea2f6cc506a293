import type { EntryDeclaration } from "../fastio/index.ts";
import type { EntryType } from "./definition.ts";

/** The name under which an output's memory is published in the job's context: no operator's name contains a slash. */
export function publicationOf(operator: string, output: string): string {
  return `${operator}/${output}`;
}

/** An input or output of the definition as FastIO declares it. */
export function declarationOf(name: string, type: EntryType): EntryDeclaration {
  if (type.kind === "stream") return { name, type: "stream" };
  if (type.kind === "string") return { name, type: "string" };
  return { name, type: "array", elementType: type.elementType, shape: type.shape };
}

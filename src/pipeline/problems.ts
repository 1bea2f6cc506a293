import type { LineCounter } from "yaml";
import { type MillraceError, makeError } from "../native/error.ts";

/** One thing wrong with a definition. Line and column count from 1. */
export interface DefinitionProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Gathers everything wrong with one file, so that its author sees it all at once. */
export class Problems {
  readonly file: string;
  readonly #lines: LineCounter;
  readonly #found: DefinitionProblem[] = [];

  constructor(file: string, lines: LineCounter) {
    this.file = file;
    this.#lines = lines;
  }

  /** `offset`: position in the text. The message says what is wrong and what was expected. */
  add(offset: number, message: string): void {
    this.#found.push({ ...this.position(offset), message });
  }

  position(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  place(offset: number): string {
    const { line, column } = this.position(offset);
    return `${this.file}:${line}:${column}`;
  }

  get count(): number {
    return this.#found.length;
  }

  /** The error's `cause` is the list, in the order of the file. */
  error(op: string): MillraceError {
    const sorted = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted.map(({ line, column, message }) => `${this.file}:${line}:${column}: ${message}`);
    return makeError("invalid_definition", {
      op,
      message: `${sorted.length} ${sorted.length === 1 ? "problem" : "problems"} in the pipeline definition\n${lines.join("\n")}\n`,
      hint: sorted.length === 1 ? "Correct that line." : "Correct these lines.",
      cause: Object.freeze(sorted),
    });
  }
}

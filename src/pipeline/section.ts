import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import type { Problems } from "./problems.ts";

interface Source {
  readonly document: Document;
  readonly problems: Problems;
}

/**
 * One map of the file, read key by key. A reader that finds the wrong kind of value reports it and gives undefined, so
 * that reading goes on; `finish` reports the keys nobody asked for.
 */
export class Section {
  /** How messages name this part of the file: `operator "reader"`. */
  label: string;
  readonly offset: number;
  readonly problems: Problems;
  readonly #map: YAMLMap;
  readonly #source: Source;
  readonly #asked = new Set<string>();

  constructor(map: YAMLMap, label: string, source: Source) {
    this.label = label;
    this.offset = offsetOf(map);
    this.problems = source.problems;
    this.#map = map;
    this.#source = source;
  }

  /** The value of a key, or undefined when the key is absent. */
  node(key: string): Node | undefined {
    this.#asked.add(key);
    return this.#resolve(this.#map.get(key, true));
  }

  has(key: string): boolean {
    return this.node(key) !== undefined;
  }

  /** Where to report something about a key: its value, else this section. */
  at(key: string): number {
    const node = this.node(key);
    return node === undefined ? this.offset : offsetOf(node);
  }

  report(key: string, message: string): void {
    this.problems.add(this.at(key), `${this.label}: ${message}`);
  }

  missing(key: string, expected: string): undefined {
    this.report(key, `\`${key}\` is missing; expected ${expected}`);
  }

  text(key: string, expected: string): string | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === "string") return node.value;
    const quote = isScalar(node) && node.value !== null ? " in quotes" : "";
    return this.#wrong(key, node, `${expected}${quote}`);
  }

  isEmptyList(key: string): boolean {
    const node = this.node(key);
    return isSeq(node) && node.items.length === 0;
  }

  isText(key: string): boolean {
    const node = this.node(key);
    return isScalar(node) && typeof node.value === "string";
  }

  requiredText(key: string, expected: string): string | undefined {
    return this.has(key) ? this.text(key, expected) : this.missing(key, expected);
  }

  number(key: string, expected: string): number | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    return isScalar(node) && typeof node.value === "number" ? node.value : this.#wrong(key, node, expected);
  }

  /** A list of scalars; numbers and booleans keep the spelling that they have in the file. */
  words(key: string, expected: string): readonly string[] | undefined {
    const words = this.list(key, expected)?.map((node) => wordOf(node));
    return words?.every((word) => word !== undefined) === false
      ? this.#wrong(key, this.node(key)!, expected)
      : (words as string[] | undefined);
  }

  list(key: string, expected: string): readonly Node[] | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    if (!isSeq(node)) return this.#wrong(key, node, expected);
    return node.items.map((item) => this.#resolve(item)).filter((item) => item !== undefined);
  }

  /** A map from names to scalars. */
  dictionary(key: string, expected: string): Readonly<Record<string, string>> | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    if (!isMap(node)) return this.#wrong(key, node, expected);
    const entries: [string, string][] = [];
    for (const pair of node.items) {
      const value = this.#resolve(pair.value);
      const word = value === undefined ? undefined : wordOf(value);
      if (word === undefined) return this.#wrong(key, value ?? node, expected);
      entries.push([isScalar(pair.key) ? String(pair.key.value) : String(pair.key), word]);
    }
    return Object.fromEntries(entries);
  }

  /** A list of maps, each as a section labelled by its place: `label(1)` is the first. */
  sections(key: string, expected: string, label: (place: number) => string): readonly Section[] {
    const sections: Section[] = [];
    for (const [index, node] of (this.list(key, expected) ?? []).entries()) {
      if (isMap(node)) sections.push(new Section(node, label(index + 1), this.#source));
      else this.#wrong(key, node, expected);
    }
    return sections;
  }

  finish(): void {
    const known = [...this.#asked].map((key) => `\`${key}\``).join(", ");
    for (const { key } of this.#map.items) {
      const name = isScalar(key) ? String(key.value) : String(key);
      if (this.#asked.has(name)) continue;
      this.problems.add(
        isNode(key) ? offsetOf(key) : this.offset,
        `${this.label}: unknown key \`${name}\`; expected one of ${known}`,
      );
    }
  }

  #resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#source.document);
    return isNode(node) ? node : undefined;
  }

  #wrong(key: string, node: Node, expected: string): undefined {
    this.problems.add(offsetOf(node), `${this.label}: \`${key}\` is ${describe(node)}; expected ${expected}`);
  }
}

export function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** A value as a message shows it. */
export function describe(node: Node): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node) || node.value === null) return "empty";
  return typeof node.value === "string" ? JSON.stringify(node.value) : `the ${typeof node.value} ${spelling(node)}`;
}

function wordOf(node: Node): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined;
  return typeof node.value === "string" ? node.value : spelling(node);
}

function spelling(node: Scalar): string {
  return node.source ?? String(node.value);
}

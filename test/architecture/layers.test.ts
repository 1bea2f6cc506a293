import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { importsOf, root, type Source, sourcesBelow } from "./sources.ts";

/** Lowest first. A folder imports itself and folders of lower rows, nothing beside or above it. */
const rows = [
  ["native"],
  ["tensor"],
  ["fastio", "cuda", "device", "popef"],
  ["session", "queue"],
  ["runner"],
  ["pipeline", "bufferizer"],
  ["testing", "cli", "monitor", "serve"],
];
/** Imports across a row that the design names. */
const seams = new Set(["session>queue"]);
const rowOf = new Map(rows.flatMap((folders, row) => folders.map((folder) => [folder, row] as const)));

const sources = sourcesBelow("src");

function folderOf(path: string): string {
  return path.split("/").length > 2 ? path.split("/")[1]! : "";
}

function targetOf(source: Source, specifier: string): string {
  return folderOf(normalize(join(dirname(source.path), specifier)));
}

function mayImport(from: string, to: string): boolean {
  if (from === to || seams.has(`${from}>${to}`)) return true;
  // The package's front door belongs to no row, and nobody goes through it.
  if (from === "") return true;
  return to !== "" && rowOf.get(to)! < rowOf.get(from)!;
}

describe("the layers of src", () => {
  test("every folder has its row", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((folder) => folder.name).filter((name) => !rowOf.has(name))).toEqual([]);
  });

  test("imports go down the rows, never up or across", () => {
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((specifier) => specifier.startsWith("."))
        .filter((specifier) => !mayImport(folderOf(source.path), targetOf(source, specifier)))
        .map((specifier) => `${source.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("only src/native imports bun:ffi", () => {
    const importers = sources.filter((source) => importsOf(source).includes("bun:ffi")).map((source) => source.path);
    expect(importers).toEqual(["src/native/library.ts"]);
  });

  test("upper layers reach the native library through its own folder's files", () => {
    const wrong = sources.filter(
      (source) => folderOf(source.path) !== "native" && /\bdlopen\b|(?<!\.)\btoArrayBuffer\b/.test(source.text),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test("no file takes part in a circle of imports that run code", () => {
    const graph = new Map(
      sources.map((source) => [
        source.path,
        importsOf({ ...source, text: source.text.replace(/\b(?:import|export) type [^;]*?from "[^"]+"/g, "") })
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) => normalize(join(dirname(source.path), specifier))),
      ]),
    );
    const circles = [...graph.keys()].filter((start) => reaches(graph, start, start));
    expect(circles).toEqual([]);
  });
});

function reaches(graph: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [...(graph.get(from) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return false;
}

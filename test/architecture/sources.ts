import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const root = join(import.meta.dir, "../..");

export interface Source {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
}

/** The project's own files, as git knows or would add them; no build outputs, no dependencies. */
export function projectFiles(): string[] {
  const list = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  return list.stdout.toString().split("\n").filter(Boolean);
}

/** Every TypeScript file below a folder. */
export function sourcesBelow(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") }));
}

const specifier = /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g;

/** What a file imports or re-exports, types included. */
export function importsOf(source: Source): string[] {
  return [...source.text.matchAll(specifier)].map((match) => match[1]!);
}

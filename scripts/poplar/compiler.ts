// The system's C++ compiler. Zig's own would link another C++ library than Poplar has, and exceptions that are thrown in one and
// caught in the other would be nobody's.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "../..");

export class Unavailable extends Error {}

/** `CXX`, or `g++`. @throws Unavailable: it cannot be run. */
export function findCompiler(): { readonly command: string; readonly version: string } {
  const command = process.env["CXX"] || "g++";
  const found = Bun.which(command);
  if (found === null) {
    const named = process.env["CXX"] ? "CXX names it; unset that, or" : "The SDK's C++ library is GNU's;";
    throw new Unavailable(`the C++ compiler ${command} is missing. ${named} install g++.`);
  }
  const [version = ""] = new TextDecoder().decode(Bun.spawnSync([found, "--version"]).stdout).split("\n");
  return { command: found, version };
}

export interface Compilation {
  readonly sources: readonly string[];
  readonly out: string;
  /** Folders of headers that come before the system's. */
  readonly include: readonly string[];
  /** The rest: libraries, definitions, options of the linker. */
  readonly options: readonly string[];
}

/** Makes one shared library. @throws Unavailable, with what the compiler said. */
export async function compile({ sources, out, include, options }: Compilation): Promise<void> {
  const { command } = findCompiler();
  const folders = include.flatMap((folder) => ["-isystem", folder]);
  const fixed = ["-std=c++17", "-O2", "-fPIC", "-shared", "-pthread", "-Wall", "-Wextra", "-Werror"];
  const child = Bun.spawn([command, ...fixed, ...folders, ...sources, "-o", out, ...options], {
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Unavailable(`${command} did not compile ${out}:\n${said}`);
}

/** Files below folders of this repository, for knowing whether something is up to date. */
export function digestOf(paths: readonly string[], rest: readonly string[]): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const path of paths.flatMap(filesOf)) hash.update(path).update(readFileSync(join(root, path)));
  for (const text of rest) hash.update(text);
  return hash.digest("hex");
}

function filesOf(path: string): string[] {
  if (/\.\w+$/.test(path)) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath.slice(root.length + 1), entry.name))
    .sort();
}

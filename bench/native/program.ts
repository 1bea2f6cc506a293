import { existsSync, mkdirSync, statSync } from "node:fs";
import { Glob } from "bun";
import { unpinned } from "../placement.ts";
import { parseStatistics, type Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const folder = import.meta.dir;
const root = `${folder}/../..`;

/** A native benchmark beside this file that needs more than its own folder: modules by name, as paths from the root. */
export interface ProgramParts {
  readonly name: string;
  readonly modules?: Readonly<Record<string, string>>;
}

/** Runs a native program, built first if a source is newer, with both sides on the placement's CPUs. */
export async function runProgram(
  context: Context,
  parts: ProgramParts,
  args: Readonly<Record<string, string | number>>,
): Promise<Statistics> {
  const program = await context.once(`build ${parts.name}`, async () => build(parts));
  const flags = Object.entries({ cpus: context.placement.cpus.join(","), ...args });
  return runForStatistics([program, ...flags.flatMap(([name, value]) => [`--${name}`, String(value)])]);
}

/** Runs a command that prints one JSON line of statistics. */
export async function runForStatistics(command: readonly string[]): Promise<Statistics> {
  const child = Bun.spawn(unpinned(command), { stdout: "pipe", stderr: "pipe", timeout: 300_000 });
  const [out, err, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exit !== 0) throw new Error(`${command.join(" ")} ended with ${exit}: ${err.trim()}`);
  return parseStatistics(out.trim());
}

/** The path of a native library beside this file, built if its source is newer. */
export function buildLibrary(context: Context, name: string): Promise<string> {
  return context.once(`build ${name}`, async () => {
    const library = `${folder}/out/lib${name}.so`;
    if (upToDate(library, [`${folder}/${name}.zig`])) return library;
    compile(name, ["build-lib", "-dynamic", `-Mroot=${folder}/${name}.zig`, `-femit-bin=${library}`]);
    return library;
  });
}

function build({ name, modules = {} }: ProgramParts): string {
  const program = `${folder}/out/${name}`;
  const names = Object.keys(modules);
  const sources = [...new Glob("*.zig").scanSync(folder)].map((file) => `${folder}/${file}`);
  if (names.length > 0) {
    sources.push(...[...new Glob("**/*.zig").scanSync(`${root}/zig`)].map((file) => `${root}/zig/${file}`));
  }
  if (upToDate(program, sources)) return program;
  compile(name, [
    "build-exe",
    ...names.flatMap((module) => ["--dep", module]),
    `-Mroot=${folder}/${name}.zig`,
    ...names.flatMap((module) => ["-OReleaseFast", `-M${module}=${root}/${modules[module]}`]),
    ...(names.length > 0 ? ["-lc"] : []),
    `-femit-bin=${program}`,
  ]);
  return program;
}

function upToDate(made: string, sources: readonly string[]): boolean {
  if (!existsSync(made)) return false;
  const at = statSync(made).mtimeMs;
  return sources.every((file) => statSync(file).mtimeMs < at);
}

function compile(name: string, [command, ...args]: readonly string[]): void {
  mkdirSync(`${folder}/out`, { recursive: true });
  const zig = `${root}/node_modules/.bin/zig`;
  const run = Bun.spawnSync(
    unpinned([zig, command!, "-OReleaseFast", ...args, "--cache-dir", `${folder}/out/.cache`]),
    {
      stderr: "pipe",
    },
  );
  if (!run.success) throw new Error(`${name}.zig does not build:\n${run.stderr.toString()}`);
}

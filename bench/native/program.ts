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

function build({ name, modules = {} }: ProgramParts): string {
  const program = `${folder}/out/${name}`;
  const sources = [...new Glob("*.zig").scanSync(folder)].map((file) => `${folder}/${file}`);
  if (Object.keys(modules).length > 0) {
    sources.push(...[...new Glob("**/*.zig").scanSync(`${root}/zig`)].map((file) => `${root}/zig/${file}`));
  }
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return program;
  mkdirSync(`${folder}/out`, { recursive: true });
  const names = Object.keys(modules);
  const command = [
    `${root}/node_modules/.bin/zig`,
    "build-exe",
    "-OReleaseFast",
    ...names.flatMap((module) => ["--dep", module]),
    `-Mroot=${folder}/${name}.zig`,
    ...names.flatMap((module) => ["-OReleaseFast", `-M${module}=${root}/${modules[module]}`]),
    ...(names.length > 0 ? ["-lc"] : []),
    `-femit-bin=${program}`,
    "--cache-dir",
    `${folder}/out/.cache`,
  ];
  const run = Bun.spawnSync(unpinned(command), { stderr: "pipe" });
  if (!run.success) throw new Error(`${name}.zig does not build:\n${run.stderr.toString()}`);
  return program;
}

// Builds libmillrace with the Zig compiler from npm: `bun run build [--debug] [--all]`. Skips what is up to date.
// `--try-all`: unoptimised, for every target, and thrown away.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cudaSimulatorName, libraryName, nativeTarget, simulatorName } from "../src/native/platform.ts";
import { type Target, targets } from "./targets.ts";

const root = join(import.meta.dir, "..");
const zigFolder = join(root, "zig");
const zig = join(root, "node_modules", ".bin", "zig");
/** Compares a CUDA driver with what is relied on; see zig/cuda_conformance.zig. */
const conformanceName = "cuda-conformance";

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith(".zig-cache") && entry.name !== "zig-out")
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sources(path) : [path];
    })
    .sort();
}

function sourceDigest(): string {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(readFileSync(join(root, "node_modules", "@zigc", "cli", "package.json")));
  for (const path of sources(zigFolder)) hash.update(path.slice(zigFolder.length)).update(readFileSync(path));
  return hash.digest("hex");
}

async function run(arguments_: string[]): Promise<string> {
  const child = Bun.spawn([zig, ...arguments_], { cwd: zigFolder, stdout: "pipe", stderr: "inherit" });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`zig ${arguments_.join(" ")} failed`);
  return output;
}

function writeIfChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  console.error(`wrote ${path.slice(root.length + 1)}`);
}

/** The files generated from the native sources, by path. */
export async function generated(): Promise<Record<string, string>> {
  await run(["build", "generate"]);
  const generator = join(zigFolder, "zig-out", "bin", "generate");
  const text = async (what: string) => await new Response(Bun.spawn([generator, what]).stdout).text();
  return {
    [join(root, "src/native/bindings.generated.ts")]: await text("bindings"),
    [join(root, "docs/errors.md")]: await text("errors"),
  };
}

async function buildLibrary(target: Target, debug: boolean, digest: string): Promise<void> {
  const folder = join(root, "native", debug ? `${target}-debug` : target);
  const stamp = join(folder, "stamp");
  const files = [libraryName(target), simulatorName(target), cudaSimulatorName(target), conformanceName];
  if (
    files.every((name) => existsSync(join(folder, name))) &&
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === digest
  )
    return;
  const started = performance.now();
  const what = `libmillrace for ${target}${debug ? " (debug)" : ""}`;
  console.error(`building ${what} …`);
  mkdirSync(folder, { recursive: true });
  const prefix = join(zigFolder, "zig-out", debug ? `${target}-debug` : target);
  rmSync(stamp, { force: true });
  await run([
    "build",
    `-Dtarget=${targets[target]}`,
    `-Doptimize=${debug ? "Debug" : "ReleaseFast"}`,
    "--prefix",
    prefix,
  ]);
  for (const name of files) {
    // A rename, so that a process which has the old library mapped keeps it whole.
    const fresh = join(folder, `${name}.new`);
    await Bun.write(fresh, Bun.file(join(prefix, name === conformanceName ? "bin" : "lib", name)));
    if (name === conformanceName) chmodSync(fresh, 0o755);
    renameSync(fresh, join(folder, name));
  }
  writeFileSync(stamp, digest);
  console.error(`built ${what} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

export interface BuildOptions {
  /** Default: this machine. */
  readonly targets?: readonly Target[] | undefined;
  /** A debug build for this machine too. */
  readonly debug?: boolean | undefined;
}

export async function build(options: BuildOptions): Promise<void> {
  const digest = sourceDigest();
  const stamp = join(root, "native", "generated-stamp");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
    for (const [path, text] of Object.entries(await generated())) writeIfChanged(path, text);
    mkdirSync(join(root, "native"), { recursive: true });
    writeFileSync(stamp, digest);
  }
  const here = nativeTarget() as Target;
  const wanted = (options.targets ?? [here]).map((target) => ({ target, debug: false }));
  if (options.debug) wanted.push({ target: here, debug: true });
  // The compiler keeps one core busy; two builds at a time are as much as a small machine has memory for.
  const next = async (): Promise<void> => {
    for (let one = wanted.shift(); one !== undefined; one = wanted.shift()) {
      await buildLibrary(one.target, one.debug, digest);
    }
  };
  await Promise.all([next(), next()]);
}

/** Compiles and links for every target, without optimisation and without installing: does it build? */
async function tryAll(): Promise<void> {
  for (const target of Object.keys(targets) as Target[]) {
    await run([
      "build",
      `-Dtarget=${targets[target]}`,
      "-Doptimize=Debug",
      "--prefix",
      join(zigFolder, "zig-out", "try"),
    ]);
    console.error(`${target} builds`);
  }
}

if (import.meta.main) {
  const flags = process.argv.slice(2);
  if (flags.includes("--try-all")) await tryAll();
  else
    await build({
      targets: flags.includes("--all") ? (Object.keys(targets) as Target[]) : undefined,
      debug: flags.includes("--debug"),
    });
}

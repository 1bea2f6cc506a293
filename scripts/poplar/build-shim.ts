// The shim: zig/driver/poplar/shim.cpp against an SDK, or what looks like one.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile, digestOf, findCompiler, root } from "./compiler.ts";

export const shimName = "libmillrace_poplar.so";
/** Where devices look for it; the same for debug and release builds, and no part of the package. */
export const shimPath = join(root, "native/poplar", shimName);
const source = "zig/driver/poplar/shim.cpp";
const sources = [source, "zig/driver/poplar/shim.h", "zig/driver/poplar/shim"];
const exported = "zig/driver/poplar/shim.map";

export interface ShimBuild {
  readonly out: string;
  readonly include: string;
  readonly lib: string;
  /** Where `libpoplar.so` is looked for when the shim is loaded. */
  readonly runPath: string;
}

/** Builds it unless it is up to date. @throws Unavailable */
export async function buildShim({ out, include, lib, runPath }: ShimBuild): Promise<void> {
  await unlessFresh(out, digestOf([...sources, exported], [include, lib, findCompiler().version]), (fresh) =>
    compile({
      sources: [join(root, source)],
      out: fresh,
      include: [include],
      // An old-fashioned run path comes before LD_LIBRARY_PATH: the SDK that it was compiled for, and no other.
      options: [
        `-L${lib}`,
        "-lpoplar",
        `-Wl,-rpath,${runPath}`,
        "-Wl,--disable-new-dtags",
        `-Wl,--version-script=${join(root, exported)}`,
        "-Wl,--no-undefined",
      ],
    }),
  );
}

/** Makes `out` with `make` unless one of this digest is there. */
export async function unlessFresh(out: string, digest: string, make: (path: string) => Promise<void>): Promise<void> {
  const stamp = `${out}.stamp`;
  if (existsSync(out) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  mkdirSync(dirname(out), { recursive: true });
  const started = performance.now();
  // A rename, so that a process which has the old library mapped keeps it whole.
  await make(`${out}.new`);
  renameSync(`${out}.new`, out);
  writeFileSync(stamp, digest);
  console.error(`built ${out.slice(root.length + 1)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

// What looks like libpoplar, in the shapes of two SDKs, over the simulator, and the shim compiled against each.
import { join } from "node:path";
import { nativeTarget, simulatorName } from "../../src/native/platform.ts";
import { buildShim, shimName, unlessFresh } from "./build-shim.ts";
import { compile, digestOf, findCompiler, root } from "./compiler.ts";

/** Major versions of the SDK whose shapes there are. */
export const shapes = [2, 3] as const;
export type Shape = (typeof shapes)[number];

const folder = "zig/sim/libpoplar";
const parts = ["simulator", "exceptions", "device", "executable", "engine", "control"];

/** What a look-alike is compiled from. */
export function lookAlikeSources(shape: Shape): { readonly sources: string[]; readonly include: string[] } {
  return {
    sources: parts.map((part) => join(root, folder, "source", `${part}.cpp`)),
    include: [`include-${shape}`, "include"].map((name) => join(root, folder, name)),
  };
}

/** The shim over the look-alike of `shape` and the debug or release simulator; builds what is missing. @throws Unavailable */
export async function buildLookAlike(shape: Shape, debug: boolean): Promise<string> {
  const built = debug ? `${nativeTarget()}-debug` : nativeTarget();
  const lib = join(root, "native/poplar", `look-alike-${shape}${debug ? "-debug" : ""}`);
  const include = join(lib, "include");
  const { sources, include: headers } = lookAlikeSources(shape);
  const interfaces = ["zig/driver/poplar/shim.h", "zig/sim/poplar/control.h"];
  const simulator = `../../${built}/${simulatorName(nativeTarget())}`;
  const digest = digestOf([folder, ...interfaces], [String(shape), simulator, findCompiler().version]);
  await unlessFresh(join(lib, "libpoplar.so"), digest, async (out) => {
    // As an SDK has them: one folder, and nothing in it that says which version.
    for (const from of headers) await copyHeaders(join(from, "poplar"), join(include, "poplar"));
    await compile({
      sources,
      out,
      include: [include],
      options: [
        `-DMILLRACE_LOOK_ALIKE=${shape}`,
        `-DLOOK_ALIKE_SIMULATOR="${simulator}"`,
        "-Wl,-soname,libpoplar.so",
        "-ldl",
        "-Wl,--no-undefined",
      ],
    });
  });
  const out = join(lib, shimName);
  await buildShim({ out, include, lib, runPath: "$ORIGIN" });
  return out;
}

async function copyHeaders(from: string, to: string): Promise<void> {
  for (const name of new Bun.Glob("*.hpp").scanSync(from)) await Bun.write(join(to, name), Bun.file(join(from, name)));
}

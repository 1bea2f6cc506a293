// What `bun pm pack` needs beside the sources: the Linux builds of the library, and declarations, so that a consumer's
// compiler needs no option to read TypeScript out of a dependency. `--here` builds for this machine alone.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { nativeTarget } from "../src/native/platform.ts";
import { build } from "./build.ts";
import { shippedTargets, type Target } from "./targets.ts";

const root = join(import.meta.dir, "..");

async function emitTypes(): Promise<void> {
  rmSync(join(root, "dist", "types"), { recursive: true, force: true });
  const compiler = Bun.spawn([join(root, "node_modules", ".bin", "tsc"), "-p", "tsconfig.types.json"], {
    cwd: root,
    // The standard output of a script that packs belongs to the packer.
    stdout: 2,
    stderr: "inherit",
  });
  if ((await compiler.exited) !== 0) throw new Error("the declarations could not be written");
}

const here = process.argv.includes("--here");
await build({ targets: here ? [nativeTarget() as Target] : shippedTargets });
await emitTypes();

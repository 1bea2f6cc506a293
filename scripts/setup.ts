// Brings a fresh checkout to where everything runs: dependencies, then the native library. Uses nothing but Bun until
// the dependencies are there, and does nothing when nothing changed.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const stamp = join(root, "node_modules", ".millrace-lock");
const lock = readFileSync(join(root, "bun.lock"), "utf8");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.log("installing dependencies …");
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdout: "inherit",
    stderr: "inherit",
  });
  if (install.exitCode !== 0) process.exit(install.exitCode ?? 1);
  writeFileSync(stamp, lock);
}

const { build } = await import("./build.ts");
// Most tests use the debug build, which is quick to make.
await build(process.argv.includes("--debug") ? { targets: [], debug: true } : {});

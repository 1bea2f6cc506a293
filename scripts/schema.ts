// `bun scripts/schema.ts`: writes src/popef/schema/popef.generated.ts anew. Needs the `capnp` tool (Debian: capnproto). The
// compiler behind it needs an older TypeScript than the project's, so it gets a folder and an installation of its own.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const folder = join(root, "src/popef/schema");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const compilerDependencies = { "capnp-es": dependencies["capnp-es"], typescript: "^5.9.3" };

const work = mkdtempSync(join(tmpdir(), "millrace-schema-"));
try {
  writeFileSync(join(work, "package.json"), JSON.stringify({ type: "module", dependencies: compilerDependencies }));
  copyFileSync(join(folder, "popef.capnp"), join(work, "popef.capnp"));
  run(process.execPath, "install");
  run(process.execPath, "node_modules/capnp-es/dist/compiler/capnpc-ts.mjs", "popef.capnp", "-ots:.");
  const text = readFileSync(join(work, "popef.ts"), "utf8")
    // The project asks for what the compiler leaves out.
    .replaceAll(/^ {2}static readonly _capnp/gm, "  static override readonly _capnp")
    .replaceAll(/^ {2}toString\(\)/gm, "  override toString()")
    .replace(/^\/\/.*\n/, "// Made by `bun scripts/schema.ts` from popef.capnp. Do not edit.\n");
  writeFileSync(join(folder, "popef.generated.ts"), text);
} finally {
  rmSync(work, { recursive: true });
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd: work, stdio: ["ignore", "ignore", "pipe"] });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${stderr}`);
}

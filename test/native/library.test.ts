import { describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeTarget } from "../../src/native/platform.ts";
import { runChild } from "./child.ts";

const root = join(import.meta.dir, "../..");
const debugFolder = join("native", `${nativeTarget()}-debug`);

/** A copy of the package's sources, whose library the test may spoil. */
class Copy implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "millrace-copy-"));
  readonly library = join(this.folder, debugFolder, "libmillrace.so");
  readonly bindings = join(this.folder, "src/native/bindings.generated.ts");

  constructor() {
    cpSync(join(root, "src"), join(this.folder, "src"), { recursive: true });
    mkdirSync(join(this.library, ".."), { recursive: true });
  }

  useRealLibrary(): void {
    cpSync(join(root, debugFolder, "libmillrace.so"), this.library);
  }

  changeBindings(from: string | RegExp, to: string): void {
    const text = readFileSync(this.bindings, "utf8");
    expect(text).toMatch(from);
    writeFileSync(this.bindings, text.replace(from, to));
  }

  async load(environment: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const module = join(this.folder, "src/fastio/index.ts");
    const { stdout, stderr } = await runChild("programs/load.ts", { MODULE: module, ...environment });
    expect(stderr).toBe("");
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const containing = (...parts: string[]) => expect.stringMatching(new RegExp(parts.map(RegExp.escape).join("[^]*")));

describe("loading the native library", () => {
  test("works from a copy of the sources", async () => {
    using copy = new Copy();
    copy.useRealLibrary();
    expect(await copy.load()).toEqual({ loaded: true });
  });

  test.each([
    ["darwin", "arm64"],
    ["darwin", "x64"],
    ["win32", "x64"],
    ["linux", "riscv64"],
  ])("on %s %s throws unsupported_platform", async (platform, arch) => {
    using copy = new Copy();
    copy.useRealLibrary();
    const message = containing(`${platform} ${arch}`, "Linux x64 or arm64");
    expect(await copy.load({ platform, arch })).toEqual({ name: "DeviceError", code: "unsupported_platform", message });
  });

  test("that is missing throws library_missing, with the path and the command", async () => {
    using copy = new Copy();
    const message = containing(copy.library, "does not exist", "bun run setup --debug");
    expect(await copy.load()).toEqual({ name: "StateError", code: "library_missing", message });
    const release = containing(copy.folder, `${nativeTarget()}/libmillrace.so`, "bun run setup`");
    expect(await copy.load({ MILLRACE_BUILD: "" })).toMatchObject({ code: "library_missing", message: release });
  });

  test("that is no library throws library_unusable, with the path and the command", async () => {
    using copy = new Copy();
    writeFileSync(copy.library, "not an ELF file");
    const message = containing(copy.library, "bun run setup");
    expect(await copy.load()).toEqual({ name: "DeviceError", code: "library_unusable", message });
  });

  test.each([
    ["another digest", /digest = \d+/, "digest = 1"],
    [
      "an export more",
      "  mr_boundary_live:",
      '  mr_boundary_fromTheFuture: { args: [], returns: "i32" },\n  mr_boundary_live:',
    ],
  ])("with %s throws library_stale, with the path and the command", async (_, from, to) => {
    using copy = new Copy();
    copy.useRealLibrary();
    copy.changeBindings(from, to);
    const message = containing(copy.library, "bun run setup");
    expect(await copy.load()).toEqual({ name: "StateError", code: "library_stale", message });
  });
});

test("building again without a change builds nothing", async () => {
  const library = join(root, debugFolder, "libmillrace.so");
  const before = statSync(library).mtimeMs;
  const again = Bun.spawnSync([process.execPath, "scripts/setup.ts", "--debug"], { cwd: root });
  expect({ exit: again.exitCode, said: again.stdout.toString() + again.stderr.toString() }).toEqual({
    exit: 0,
    said: "",
  });
  expect(statSync(library).mtimeMs).toBe(before);
});

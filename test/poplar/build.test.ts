import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FileWriter } from "../../src/popef/index.ts";
import { endedWell, runChild } from "../native/child.ts";
import { copyModel } from "../session/copy-model.ts";
import { lookAlikes } from "./look-alike.ts";

const dir = mkdtempSync(join(tmpdir(), "millrace-poplar-"));
afterAll(() => rmSync(dir, { recursive: true }));
const found = await lookAlikes();

/** A folder as an unpacked SDK is, of what a look-alike is made of. */
function sdkOf(lookAlike: string, name: string): string {
  const folder = join(dir, name, "poplar-linux-3.3.0");
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(dirname(lookAlike), "include"), join(folder, "include"));
  symlinkSync(dirname(lookAlike), join(folder, "lib"));
  return join(dir, name);
}

const build = (environment: Record<string, string | undefined>, ...flags: string[]) =>
  runChild("../../scripts/build-poplar.ts", environment, flags);

describe("bun run build:poplar", () => {
  test.each([
    ["without POPLAR_SDK", { POPLAR_SDK: undefined }, "POPLAR_SDK is not set"],
    ["with a folder that is no SDK", { POPLAR_SDK: dir }, "include/poplar/Engine.hpp"],
  ])("%s says in one line what is missing", async (_, environment, named) => {
    const ended = await build(environment);
    expect(ended.exit).toBe(1);
    expect(ended.stderr.trim().split("\n")).toEqual([expect.stringContaining(named)]);
  });

  test.if(found.length > 0)("without the compiler says which one is missing", async () => {
    const ended = await build({ POPLAR_SDK: sdkOf(found[0]!.path, "no-compiler"), CXX: "no-such-compiler" });
    expect(ended.exit).toBe(1);
    expect(ended.stderr).toContain("no-such-compiler is missing");
  });

  test.each(found.slice(-1))("with an SDK $shape makes a driver that is then preferred", async ({ shape, path }) => {
    const out = join(dir, `shim-${shape}.so`);
    const built = await build({ POPLAR_SDK: sdkOf(path, `sdk-${shape}`), MILLRACE_SHIM: out });
    expect(built).toMatchObject(endedWell);
    expect(existsSync(out)).toBe(true);
    const ended = await runChild("../poplar/programs/driver.ts", { MILLRACE_POPLAR: out });
    expect(ended).toMatchObject(endedWell);
    expect(JSON.parse(ended.stdout)).toEqual({
      driver: {
        kind: "poplar",
        path: out,
        reason: "as MILLRACE_POPLAR says",
        version: expect.stringMatching(new RegExp(`^Poplar ${shape}\\.`)),
      },
      devices: [],
      tiles: 4,
      // It is Poplar that is asked for IPUs, which has none, and nobody else.
      message: expect.not.stringContaining("build:poplar"),
    });
  });
});

describe("scripts/poplar-check.ts", () => {
  test.each(found)("goes all the way with what looks like SDK $shape, and leaves a report", async ({ shape }) => {
    const [file, report] = [join(dir, `copy-${shape}.popef`), join(dir, `report-${shape}.json`)];
    using model = copyModel();
    const { metadata, executable } = model;
    using writer = new FileWriter(file);
    writer.createExecutable("copy").write(executable.data.bytes());
    writer.write(metadata);
    writer.createTensorData({ name: "w", tensorInfo: { shape: [4] } }).write(Float32Array.of(1, 2, 3, 4));
    writer.close();
    const child = Bun.spawn(
      [process.execPath, "scripts/poplar-check.ts", "--look-alike", String(shape), "--report", report, file],
      { cwd: join(import.meta.dir, "../.."), env: { ...process.env, MILLRACE_BUILD: "debug" }, stdout: "pipe" },
    );
    const said = await new Response(child.stdout).text();
    expect([await child.exited, said]).toEqual([0, expect.stringContaining("5 of 5 steps ok")]);
    const { steps } = await Bun.file(report).json();
    const of = (name: string) => steps.find(({ step }: { step: string }) => step === name).found;
    expect(of("PopEF")).toMatchObject({ readable: true, executables: [{ name: "copy", compressed: false }] });
    expect(of("driver")).toMatchObject({ kind: "simulation", version: expect.stringContaining("look-alike") });
    expect(of("devices")).toHaveLength(7);
    expect(of("run")).toMatchObject({ repeatable: true, runMs: { length: 3 }, outputs: [{ name: "echo", bytes: 16 }] });
  });

  test("says what a file is made of, also of one that cannot be read", async () => {
    const file = join(dir, "noise.popef");
    await Bun.write(file, "no PopEF at all, whatever it is called");
    const report = join(dir, "noise.json");
    const child = Bun.spawn([process.execPath, "scripts/poplar-check.ts", "--facts", "--report", report, file], {
      cwd: join(import.meta.dir, "../.."),
      env: { ...process.env, MILLRACE_BUILD: "debug" },
      stdout: "ignore",
    });
    expect(await child.exited).toBe(0);
    const { steps } = await Bun.file(report).json();
    expect(steps).toEqual([
      {
        step: "PopEF",
        ok: true,
        found: expect.objectContaining({ readable: false, first: expect.stringMatching(/^6e6f20506f704546 /) }),
      },
    ]);
  });
});

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "../../src/native/bindings.generated.ts";
import { GpuFault, IpuFault, RecoveryAction } from "../../src/testing/index.ts";
import { root, run } from "../examples/demo.ts";
import { DocumentedProject } from "../examples/documented.ts";

const page = "docs/testing.md";
const text = readFileSync(join(root, page), "utf8");

describe(page, () => {
  const project = new DocumentedProject(page);
  afterAll(() => project[Symbol.dispose]());

  test("shows tests that pass", async () => {
    const files = ["./device-for.test.ts", "./upload.test.ts"];
    const ended = await run([process.execPath, "test", ...files], process.env, project.dir);
    expect([ended.exit, ended.stderr]).toEqual([0, expect.stringContaining(" 4 pass")]);
  });

  test("shows files that pass the strictest type check", async () => {
    const ended = await run([join(root, "node_modules/.bin/tsc"), "--noEmit", "-p", project.dir], process.env);
    expect([ended.exit, ended.stdout]).toEqual([0, ""]);
  }, 60_000);

  test("names every fault and recovery action, and codes that exist", () => {
    for (const value of [...Object.values(IpuFault), ...Object.values(RecoveryAction), ...Object.values(GpuFault)])
      expect(text).toContain(`"${value}"`);
    for (const [, code] of text.matchAll(/`((?:cuda|device|simulation)_\w+)`/g))
      expect(Object.keys(errorTable)).toContain(code!);
  });

  test("has links that lead to files", () => {
    for (const [, link] of text.matchAll(/\]\(([^)#:]+)\)/g)) expect(existsSync(join(root, "docs", link!))).toBe(true);
  });
});

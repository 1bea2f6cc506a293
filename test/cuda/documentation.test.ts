import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "../../src/native/bindings.generated.ts";
import { root } from "../examples/demo.ts";

const page = "docs/cuda.md";
const text = readFileSync(join(root, page), "utf8");

describe(page, () => {
  test("names error codes that exist", () => {
    const codes = Object.keys(errorTable);
    const named = [...text.matchAll(/`((?:cuda|device|pool|wrong|cannot|not|backlog)_\w+)`/g)].map(([, code]) => code!);
    expect(named.length).toBeGreaterThan(5);
    for (const code of named) expect(codes).toContain(code);
  });

  test("has links that lead to files", () => {
    for (const [, link] of text.matchAll(/\]\(([^)#:]+)\)/g)) expect(existsSync(join(root, "docs", link!))).toBe(true);
  });
});

import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { projectFiles, root } from "./sources.ts";

const sourceBytesMax = 16 * 1024;
const forbiddenFolders = /(^|\/)(utils?|helpers?|common|misc|lib)\//;
// Built from parts, so that this file does not name them either.
const registries = ["npmjs", "yarnpkg", "jsr", "npmmirror"].map((name) => new RegExp(`\\b${name}\\.(org|com|io)\\b`));
// A lock file of Cargo names the index that its checksums belong to.
const namesItsRegistry = /(^|\/)Cargo\.lock$/;

const files = projectFiles();
const written = files.filter((path) => /\.(ts|zig)$/.test(path) && !path.endsWith(".generated.ts"));
const text = (path: string) => readFileSync(join(root, path), "utf8");

describe("the tree", () => {
  test("has no folder that says nothing about what is in it", () => {
    expect(files.filter((path) => forbiddenFolders.test(path))).toEqual([]);
  });

  test(`has no source file above ${sourceBytesMax} bytes`, () => {
    const large = written.filter((path) => statSync(join(root, path)).size > sourceBytesMax);
    expect(large).toEqual([]);
  });

  test("has mostly small TypeScript files", () => {
    const sizes = written.filter((path) => path.startsWith("src/")).map((path) => statSync(join(root, path)).size);
    const median = sizes.sort((a, b) => a - b)[sizes.length >> 1]!;
    expect(median).toBeLessThan(3 * 1024);
  });

  test("names no package registry", () => {
    const textual = files.filter(
      (path) => /\.(ts|zig|json|toml|md|lock|yaml|sh|py)$/.test(path) && !namesItsRegistry.test(path),
    );
    const named = textual.filter((path) => registries.some((registry) => registry.test(text(path))));
    expect(named).toEqual([]);
  });

  test("commits no build output", () => {
    expect(files.filter((path) => /\.(so|dylib|o|a|tgz)$/.test(basename(path)))).toEqual([]);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

const zig = join(import.meta.dir, "..", "..", "zig");

/** Every step at which the native side can be told to die: found in its sources, so that none is forgotten. */
export function labels(): string[] {
  const found = new Set<string>();
  for (const path of new Glob("**/*.zig").scanSync(zig)) {
    if (path.startsWith(".zig-cache") || path.endsWith("build.zig")) continue;
    for (const match of readFileSync(join(zig, path), "utf8").matchAll(/\bstep\("(\w+)"\)/g)) found.add(match[1]!);
  }
  return [...found].sort();
}

/** The processes to run one after another, each killed at its step. What repairs needs something to repair. */
export function killsFor(label: string): string[] {
  return label.startsWith("repair_") ? ["publish_shown", label] : [label];
}

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const program = join(import.meta.dir, "limited.ts");
let dir = "";
beforeEach(() => {
  dir = mkdtempSync("/dev/shm/millrace-limits-");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Runs `limited.ts` from a shell that first does `before`; returns what it says. */
async function limited(what: string, before: string): Promise<{ said: string[]; exit: number }> {
  const child = Bun.spawn(["sh", "-c", `${before} && exec "$@"`, "sh", process.execPath, program, dir, what], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  return { said: text.trim().split("\n"), exit: await child.exited };
}

test("without a free file descriptor each call says so, and works again when there is one", async () => {
  const { said, exit } = await limited("descriptors", "ulimit -n 96");
  expect(said).toEqual(["create out_of_handles", "open out_of_handles", "again 1000"]);
  expect(exit).toBe(0);
  expect(readdirSync(dir)).toEqual([]);
});

interface Hierarchy {
  readonly folder: string;
  readonly limit: string;
}

/** Where a control group with a memory limit can be made; version 2 or 1. */
function hierarchy(): Hierarchy | undefined {
  const candidates = [
    { folder: "/sys/fs/cgroup", limit: "memory.max", needs: "/sys/fs/cgroup/cgroup.subtree_control" },
    {
      folder: "/sys/fs/cgroup/memory",
      limit: "memory.limit_in_bytes",
      needs: "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    },
  ];
  for (const { folder, limit, needs } of candidates) {
    const group = join(folder, `millrace-probe-${process.pid}`);
    try {
      if (!existsSync(needs)) continue;
      if (limit === "memory.max" && !readFileSync(needs, "utf8").includes("memory")) continue;
      mkdirSync(group);
      try {
        writeFileSync(join(group, limit), "100000000");
        return { folder, limit };
      } finally {
        rmdirSync(group);
      }
    } catch {}
  }
  return undefined;
}

const found = hierarchy();

describe.skipIf(found === undefined)("a control group's limit (skipped where none can be set)", () => {
  test("is an error with the figures, not an end", async () => {
    const { folder, limit } = found!;
    const group = join(folder, `millrace-test-${process.pid}`);
    mkdirSync(group);
    try {
      writeFileSync(join(group, limit), String(400 * 2 ** 20));
      const { said, exit } = await limited("memory", `echo $$ > ${group}/cgroup.procs`);
      expect(exit).toBe(0);
      expect(said[0]).toMatch(
        /^no_space .*1073745920 bytes were asked for and the control group's memory limit has room for \d+\./,
      );
      expect(said[1]).toMatch(/^no_space after \d+ of 16 MiB$/);
      expect(said[2]).toBe("again 1000");
    } finally {
      rmdirSync(group);
    }
  });
});

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, run, SharedMemory } from "./demo.ts";
import { commandsOf, DocumentedProject } from "./documented.ts";

const timeoutMs = 60_000;
const pages = [
  ["README.md", 1],
  ["docs/getting-started.md", 4],
  ["docs/fastio.md", 3],
  ["docs/ring.md", 2],
  ["docs/popef.md", 3],
  ["docs/session.md", 2],
  ["docs/compile.md", 2],
  ["docs/porting/cpp.md", 6],
  ["docs/porting/python.md", 2],
  ["docs/devices.md", 1],
  ["docs/cuda.md", 2],
  ["docs/bufferizer.md", 2],
  ["docs/porting/dolphin.md", 2],
] as const;

describe.each(pages)("%s", (page, commandCount) => {
  const project = new DocumentedProject(page);
  afterAll(() => project[Symbol.dispose]());

  const commands = commandsOf(page);

  test("shows what its files print", () => {
    expect(commands).toHaveLength(commandCount);
  });

  test.each(commands.map(({ command, output }) => [command.join(" "), output]))(
    "%s prints what the page says, and leaves nothing in shared memory",
    async (command, output) => {
      using memory = new SharedMemory();
      const [program, file] = command.split(" ");
      expect([program, project.files.includes(file!)]).toEqual(["bun", true]);
      const ended = await run([process.execPath, join(project.dir, file!)], memory.env, project.dir);
      expect([ended.exit, ended.stdout.replace(/process \d+/, "process 4711"), ended.stderr]).toEqual([
        0,
        output,
        ended.stderr,
      ]);
      expect(memory.left).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "its files pass the strictest type check",
    async () => {
      const ended = await run([join(root, "node_modules/.bin/tsc"), "--noEmit", "-p", project.dir], process.env);
      expect([ended.exit, ended.stdout]).toEqual([0, ""]);
    },
    timeoutMs,
  );

  test("its links lead to files that exist", () => {
    // C++ has brackets in front of parentheses too.
    const links = readFileSync(join(root, page), "utf8")
      .replace(/^```.*?^```$/gms, "")
      .matchAll(/\]\(([^)#:]+)\)/g)
      .map(([, link]) => link!)
      .toArray();
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});

test("every command of the README is a script of the project", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = readFileSync(join(root, "README.md"), "utf8")
    .matchAll(/\b(?:bun|bun@[\d.]+) run ([a-z]+)/g)
    .map(([, name]) => name!)
    .toArray();
  expect(named).toContain("demo");
  expect(named).toContain("test");
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

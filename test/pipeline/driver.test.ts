import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Driver } from "../../src/pipeline/index.ts";
import { Scratch } from "./scratch.ts";

// Each test starts processes, and the machine may be busy with others.
setDefaultTimeout(60_000);

const failed = 'the execute handler of operator "a" ';
const all = "prepare=true execute=true cleanup=true";

const runs: readonly (readonly [words: string, exit: number, called: readonly string[], message?: string])[] = [
  [all, 0, ["preparing", "prepare", "executing", "execute", "cleaningUp", "cleanup", "succeeded"]],
  [
    "prepare=later execute=later cleanup=later",
    0,
    ["preparing", "prepare", "executing", "execute", "cleaningUp", "cleanup", "succeeded"],
  ],
  ["", 0, ["succeeded"]],
  ["cleanup=true", 0, ["cleaningUp", "cleanup", "succeeded"]],
  [
    "execute=false cleanup=true",
    1,
    ["executing", "execute", "cleaningUp", "cleanup", "failed undefined"],
    `${failed}returned false`,
  ],
  [
    "execute=nothing",
    1,
    ["executing", "execute", "failed undefined"],
    `${failed}returned undefined, neither true nor false`,
  ],
  ["execute=throw", 1, ["executing", "execute", "failed RangeError: out of paper"], `${failed}threw: out of paper`],
  ["execute=reject", 1, ["executing", "execute", "failed RangeError: out of paper"], `${failed}threw: out of paper`],
  [
    "prepare=false execute=true cleanup=true",
    1,
    ["preparing", "prepare", "cleaningUp", "cleanup", "failed undefined"],
    "the prepare handler",
  ],
  ["cleanup=throw", 1, ["cleaningUp", "cleanup", "failed RangeError: out of paper"], "the cleanup handler"],
  [
    "execute=throw cleanup=false",
    1,
    ["executing", "execute", "cleaningUp", "cleanup", "failed RangeError: out of paper"],
    failed,
  ],
];

test.concurrent.each(runs)("handlers %s: exit code %d", async (words, exit, called, message = "") => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline(
    `operators: [{ name: a, command: bun handlers.ts, args: [${words.split(" ").join(", ")}] }]`,
  );
  const { operators } = await pipeline.run();
  expect(operators[0]?.exit).toBe(exit);
  const heard = scratch.stdout.lines.map((line) => line.replace("a | ", ""));
  expect(heard.map((line) => line.replace(/^failed StateError.*$/, "failed undefined"))).toEqual([...called]);
  expect(scratch.stderr.text).toContain(message);
  expect(scratch.left).toEqual([]);
});

test("a process that no pipeline started is told so", () => {
  expect(() => new Driver()).toThrow(expect.objectContaining({ code: "not_in_pipeline" }));
});

test.each([
  ["no JSON", "{", "no JSON text"],
  ["another version", '{"version":2}', "version 2"],
  ["null", "null", "version undefined"],
])("an assignment that is %s is refused", async (_what, text, words) => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "operators", "nothing.ts")], {
    env: { ...process.env, MILLRACE_PIPELINE: text },
    stderr: "pipe",
  });
  const message = await child.stderr.text();
  expect(message).toContain("not_in_pipeline");
  expect(message).toContain(words);
  expect(await child.exited).toBe(1);
});

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { Scratch } from "./scratch.ts";

// Each test starts processes, and the machine may be busy with others.
setDefaultTimeout(60_000);

test("an operator gets its arguments, its environment, and the directory of the definition", async () => {
  using scratch = new Scratch();
  const command = `[sh, -c, 'echo "$0 $@"; echo "$LEVEL $MODE $HUE"; basename "$PWD"; env | grep -c ^MILLRACE_PIPELINE=', zero]`;
  const pipeline = scratch.pipeline(
    `operators: [{ name: a, command: ${command}, args: [one], env: { LEVEL: 3, MODE: x } }]`,
  );
  await pipeline.run({ args: { a: ["two words"] }, env: { MODE: "quick", HUE: "red" } });
  expect(scratch.stdout.lines).toEqual(["a | zero one two words", "a | 3 quick red", "a | operators", "a | 1"]);
});

test("the word bun is the Bun that runs the pipeline", async () => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline(`operators: [{ name: a, command: [bun, -e, "console.log(process.execPath)"] }]`);
  await pipeline.run({ env: { PATH: "/nowhere" } });
  expect(scratch.stdout.lines).toEqual([`a | ${process.execPath}`]);
});

test("every line is prefixed, on the stream it was written to, and the names line up", async () => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline(`operators:
- { name: a, command: [sh, -c, "printf 'one\\r\\n\\nlast'; echo bad >&2"] }
- { name: longer, command: [printf, "ü\\n"] }`);
  const { operators } = await pipeline.run();
  expect(operators.map(({ name, exit, error }) => [name, exit, error])).toEqual([
    ["a", 0, undefined],
    ["longer", 0, undefined],
  ]);
  expect(scratch.stdout.lines.toSorted()).toEqual(["a      | ", "a      | last", "a      | one", "longer | ü"]);
  expect(scratch.stderr.lines.filter((line) => !line.includes("["))).toEqual(["a      | bad"]);
  expect(scratch.stderr.lines.filter((line) => line.startsWith("longer"))).toEqual([
    "longer | [running]",
    expect.stringMatching(/^longer \| \[done in \d+\.\d\d s, 0 B in, 0 B out\]$/),
  ]);
});

test("what the definition says without effect is noted in the log", async () => {
  using scratch = new Scratch();
  await scratch.pipeline("operators: [{ name: a, command: 'true', container: { image: x } }]").run();
  expect(scratch.stderr.lines[0]).toMatch(/pipeline\.yaml:3:\d+: operator "a": `container` has no effect here/);
});

test("on a terminal every operator has one live line below what operators write", async () => {
  using scratch = new Scratch(40);
  const pipeline = scratch.pipeline(`operators:
- { name: a, command: [sh, -c, "echo hello"], output: [{ name: x, type: u8 }] }
- { name: b, command: [sh, -c, "exit 3"], input: [{ from: a, name: x, type: u8 }] }`);
  scratch.stdout.write = (text) => scratch.stderr.write(text); // one terminal for both
  await pipeline.run();
  expect(scratch.stderr.text).toStartWith("a | [waiting]\nb | [waiting]\n");
  expect(scratch.stderr.text).toContain("\x1b[2F\x1b[J");
  const [log, last] = screen(scratch.stderr.text, 2);
  expect(log[0]).toBe("a | hello");
  expect(last).toEqual([
    expect.stringMatching(/^a \| \[done in/),
    expect.stringMatching(/^b \| \[failed after .*: exit code 3\]$/),
  ]);
});

/** What a terminal shows in the end: the lines that scrolled by, and the last `live` ones. */
function screen(text: string, live: number): [string[], string[]] {
  const lines: string[] = [];
  for (const [, up, rest] of text.matchAll(/(?:\x1b\[(\d+)F\x1b\[J)?([^\x1b]*)/g)) {
    if (up !== undefined) lines.length -= Number(up);
    lines.push(...rest!.split("\n").slice(0, -1));
  }
  return [lines.slice(0, -live), lines.slice(-live)];
}

const failures: readonly (readonly [what: string, keys: string, exit: number | string | undefined, words: string[]])[] =
  [
    ["exits with a code", "command: [sh, -c, 'echo why >&2; exit 3']", 3, ["exited with code 3", '"why"']],
    ["is killed", "command: [sh, -c, 'kill -KILL $$']", "SIGKILL", ["was killed by SIGKILL"]],
    ["cannot be started", "command: no-such-program", undefined, ["could not be started", "pipeline.yaml:4"]],
    ["runs out of time", "command: sleep 60, timeout: 0.2", "SIGTERM", ["ran longer than its 0.2 s"]],
  ];

test.each(failures)("an operator that %s stops those behind it and no others", async (_what, keys, exit, words) => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline(`operators:
- { name: bad, ${keys}, output: [{ name: x, type: u8 }] }
- { name: behind, command: echo behind, input: [{ from: bad, name: x, type: u8 }], output: [{ name: x, type: u8 }] }
- { name: farther, command: echo farther, input: [{ from: behind, name: x, type: u8 }] }
- { name: beside, command: echo beside }`);
  const { operators } = await pipeline.run();
  const [bad, behind, farther, beside] = operators;
  expect(bad).toMatchObject({ name: "bad", exit });
  for (const word of words) expect(bad?.error?.message).toContain(word);
  expect(bad?.error?.code).toBe(keys.includes("timeout") ? "deadline" : "operator_failed");
  expect(behind).toMatchObject({ exit: undefined, ms: 0, error: { code: "operator_failed", cause: bad?.error } });
  expect(farther?.error?.message).toContain('operator "behind" failed');
  expect(beside).toMatchObject({ exit: 0 });
  expect(scratch.stdout.lines).toEqual(["beside  | beside"]);
  expect(scratch.stderr.text).toContain(bad?.error?.message ?? "no message");
  expect(scratch.left).toEqual([]);
});

test("an operator that ignores SIGTERM is killed, and what it started goes with it", async () => {
  using scratch = new Scratch();
  const script = `trap "" TERM; sleep 60 & echo $!; wait`;
  const pipeline = scratch.pipeline(`operators: [{ name: a, command: [sh, -c, '${script}'], timeout: 0.2 }]`);
  const { operators } = await pipeline.run();
  expect(operators[0]).toMatchObject({ exit: "SIGKILL", error: { code: "deadline" } });
  const child = Number(scratch.stdout.lines[0]?.split("| ")[1]);
  expect(child).toBeGreaterThan(0);
  await gone(child);
});

test("what an operator leaves running when it ends well is ended too", async () => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline("operators: [{ name: a, command: [sh, -c, 'sleep 60 & echo $!'] }]");
  const { operators } = await pipeline.run();
  expect(operators[0]?.error).toBeUndefined();
  const child = Number(scratch.stdout.lines[0]?.split("| ")[1]);
  expect(child).toBeGreaterThan(0);
  await gone(child);
});

/** SIGKILL is on its way when a run resolves; until a parent looks, the process is listed as a zombie. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "Z");
    if (/ [ZX] |^Z/.test(stat)) return;
    await Bun.sleep(5);
  }
}

test("when the pipeline's time runs out, what runs is ended and nothing more is started", async () => {
  using scratch = new Scratch();
  const pipeline = scratch.pipeline(`timeout: 0.3
operators:
- { name: a, command: sleep 60, output: [{ name: x, type: u8 }] }
- { name: b, command: echo b, input: [{ from: a, name: x, type: u8 }] }`);
  const { operators } = await pipeline.run();
  expect(operators.map(({ exit, error }) => [exit, error?.code])).toEqual([
    ["SIGTERM", "deadline"],
    [undefined, "deadline"],
  ]);
  expect(operators[0]?.error?.message).toContain("the pipeline ran longer than its 0.3 s");
});

test("an aborted run ends its operators and rejects with the signal's reason", async () => {
  using scratch = new Scratch();
  const abort = new AbortController();
  const reason = new Error("enough");
  scratch.stdout.write = () => abort.abort(reason);
  const run = scratch
    .pipeline("operators: [{ name: a, command: [sh, -c, 'echo; sleep 60'] }]")
    .run({ signal: abort.signal });
  expect(await run.catch((error) => error)).toBe(reason);
  expect(scratch.stderr.text).toContain("SIGTERM");
  expect(scratch.left).toEqual([]);
});

test("a run that is aborted before it starts starts nothing", async () => {
  using scratch = new Scratch();
  const run = scratch.pipeline("operators: [{ name: a, command: echo a }]").run({ signal: AbortSignal.abort("no") });
  expect(await run.catch((error) => error)).toBe("no");
  expect(scratch.stdout.text + scratch.stderr.text).toBe("");
});

test("arguments for an unknown operator are refused before anything starts", async () => {
  using scratch = new Scratch();
  const run = scratch.pipeline("operators: [{ name: a, command: echo a }]").run({ args: { b: ["x"] } });
  expect(await run.catch((error) => error)).toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining('"b"'),
  });
  expect(scratch.stdout.text).toBe("");
});

test("a definition that cannot be read is refused before anything starts", async () => {
  using scratch = new Scratch();
  const { Pipeline } = await import("../../src/pipeline/index.ts");
  const run = new Pipeline("/nowhere/p.yaml", { dir: scratch.dir }).run();
  expect(await run.catch((error) => error)).toMatchObject({ code: "file_not_found" });
});

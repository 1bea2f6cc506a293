import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";
import { Scratch } from "./scratch.ts";

// Each test starts processes, and the machine may be busy with others.
setDefaultTimeout(60_000);

const driver = `[bun, "${join(import.meta.dir, "operators", "hang.ts")}"]`;
/** Looks for nobody: only the pipeline can end it. */
const shell = '[sh, -c, "echo pid $$; exec sleep 1000"]';

const definition = (command: string): string => `api-version: 0.5.0
name: endless
operators:
- name: hang
  command: ${command}
  output: [{ name: x, type: "array<f32>[1024]" }]
`;

/** Starts a pipeline whose operator hangs, in a process of its own, and waits until the operator says that it runs. */
async function start(dir: string, command: string, ...args: string[]) {
  const file = join(dir, "pipeline.yaml");
  writeFileSync(file, definition(command));
  const pipeline = Bun.spawn([process.execPath, join(import.meta.dir, "run-pipeline.ts"), dir, file, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  for await (const chunk of pipeline.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return { pipeline, operator: Number(/pid (\d+)/.exec(text)?.[1]) };
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      if (/ [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return;
    } catch {
      return;
    }
    await Bun.sleep(20);
  }
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s ends a pipeline with its operators and leaves nothing behind",
  async (signal) => {
    using scratch = new Scratch();
    const { pipeline, operator } = await start(scratch.dir, shell);
    pipeline.kill(signal);
    await pipeline.exited;
    expect(pipeline.signalCode).toBe(signal);
    expect(operator).toBeGreaterThan(0);
    await gone(operator);
    expect(readdirSync(scratch.dir)).toEqual(["pipeline.yaml"]);
  },
  30_000,
);

test("when a pipeline is killed its operators end, and the next context clears what is left", async () => {
  using scratch = new Scratch();
  const { pipeline, operator } = await start(scratch.dir, driver);
  pipeline.kill("SIGKILL");
  await pipeline.exited;
  expect(operator).toBeGreaterThan(0);
  await gone(operator);
  // Its last threads may still be on their way out; then the next context finds it alive.
  for (;;) {
    FastIOContext.open("next", { dir: scratch.dir }).close();
    if (readdirSync(scratch.dir).length === 1) break;
    await Bun.sleep(20);
  }
  expect(readdirSync(scratch.dir)).toEqual(["pipeline.yaml"]);
});

test("when a pipeline's process ends itself in the middle, its operators end too", async () => {
  using scratch = new Scratch();
  const { pipeline, operator } = await start(scratch.dir, shell, "7");
  expect(await pipeline.exited).toBe(7);
  expect(operator).toBeGreaterThan(0);
  await gone(operator);
});

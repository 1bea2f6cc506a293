import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeFolder } from "../../src/native/library-path.ts";
import { cudaSimulatorName, nativeTarget } from "../../src/native/platform.ts";
import { SharedMemory } from "./child.ts";

const reloads = 20;
const settled = 8;
const counted = ["handles", "mappings", "files", "threads", "exitListeners"] as const;
type Counts = Record<(typeof counted)[number], number>;
const model = join(import.meta.dir, "../fixtures/models/slow-steps.onnx");
const cuda = join(nativeFolder("reload"), cudaSimulatorName(nativeTarget()));
const program = readFileSync(join(import.meta.dir, "programs/reloaded.ts"), "utf8").replaceAll(
  "../../../src",
  join(import.meta.dir, "../../src"),
);

function over(runs: Counts[], choose: (...numbers: number[]) => number): Counts {
  return Object.fromEntries(counted.map((name) => [name, choose(...runs.map((one) => one[name]))])) as Counts;
}

/** A copy of the program, to be touched. */
class Script implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "millrace-hot-"));
  readonly path = join(this.folder, "script.ts");

  constructor() {
    this.touch(0);
  }

  touch(count: number): void {
    writeFileSync(this.path, `${program}\n// ${count}\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

test(`${reloads} hot reloads leave no more handles, mappings, files, threads or listeners than the first`, async () => {
  using memory = new SharedMemory();
  using script = new Script();
  const child = Bun.spawn([process.execPath, "--hot", "--no-clear-screen", script.path], {
    env: { ...process.env, MILLRACE_BUILD: "debug", MILLRACE_SHM_DIR: memory.dir, MODEL: model, CUDA_LIBRARY: cuda },
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = new Response(child.stderr).text();
  const seen: Counts[] = [];
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop()!;
    for (const line of lines) {
      seen.push(JSON.parse(line) as Counts);
      if (seen.length <= reloads) script.touch(seen.length);
    }
    if (seen.length > reloads) break;
  }
  child.kill("SIGTERM");
  await child.exited;
  expect(await errors).toBe("");
  expect(seen).toHaveLength(reloads + 1);
  // Threads for jobs are started as they are needed, at most four in all (zig/abi/job.zig): the first runs may show
  // one, and any later one the rest. Twenty reloads that each left one would be far beyond.
  const slack = (name: string) => (name === "threads" ? 3 : 0);
  // What grows with each reload is above every early count at the end.
  const early = over(seen.slice(0, settled), Math.max);
  const late = over(seen.slice(-settled), Math.min);
  for (const name of counted)
    expect({ [name]: late[name] <= early[name] + slack(name), early, late }).toMatchObject({ [name]: true });
  expect(memory.left).toEqual([]);
}, 120_000);

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";
import { isWhole } from "./whole.ts";

let dir = "";
const started: Bun.Subprocess[] = [];
beforeEach(() => {
  dir = mkdtempSync("/dev/shm/millrace-kill-");
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

/** A process that says "ready" when it has the job open; the caller kills it. */
async function start(program: string, ...arguments_: string[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, program), dir, ...arguments_], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  started.push(child);
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("ready\n");
  return child;
}

async function kill(child: Bun.Subprocess): Promise<void> {
  child.kill("SIGKILL");
  await child.exited;
  // Nothing else ended it: it would have seen a torn tensor, or an error.
  expect(child.signalCode).toBe("SIGKILL");
}

function expectWhole(job: FastIOContext): void {
  for (const name of job.list()) {
    using got = job.tryGet(name);
    if (got !== undefined) expect(isWhole(got)).toBe(true);
  }
}

test("killed at any moment, busy processes leave whole tensors, right counts and no files of theirs", async () => {
  using job = FastIOContext.open("busy", { dir, recycleBytesMax: 0 });
  let steady = await start("busy.ts", "1");
  for (let round = 0; round < 24; round++) {
    const other = await start("busy.ts", String(round + 2));
    await Bun.sleep(Math.random() * 20);
    await kill(steady);
    expectWhole(job);
    steady = other;
  }
  await kill(steady);
  expectWhole(job);
  job.reap();
  const names = job.list();
  expect(job.stats()).toMatchObject({
    publications: names.length,
    allocations: names.length,
    recyclable: 0,
    processes: 1,
  });
  const [folder] = readdirSync(dir);
  const kinds = readdirSync(join(dir, folder!)).map((name) => name[0]);
  expect(kinds.filter((kind) => kind === "s").length).toBe(names.length);
  expect(kinds.filter((kind) => kind === "p").length).toBe(1);
  for (const name of names) job.get(name).free();
  expect(job.stats().allocations).toBe(0);
}, 60_000);

test("after everybody was killed, the next open of any job clears what is left", async () => {
  const children = [await start("busy.ts", "1"), await start("busy.ts", "2"), await start("ending.ts", "signal")];
  for (const child of children) await kill(child);
  expect(readdirSync(dir).length).toBe(2);
  using job = FastIOContext.open("another", { dir });
  expect(readdirSync(dir).length).toBe(1);
  expect(job.list()).toEqual([]);
});

test("after everybody was killed, the same job begins anew", async () => {
  await kill(await start("ending.ts", "signal"));
  using job = FastIOContext.open("ending", { dir });
  expect(job.list()).toEqual([]);
  expect(job.stats()).toMatchObject({ publications: 0, allocations: 0, processes: 1 });
});

test("FastIOContext.reap clears the jobs of the dead, and only those", async () => {
  using job = FastIOContext.open("alive", { dir });
  job.create(10).publish("mine");
  const children = [await start("ending.ts", "signal"), await start("busy.ts", "1")];
  for (const child of children) await kill(child);
  expect(FastIOContext.reap({ dir })).toBe(2);
  expect(FastIOContext.reap({ dir })).toBe(0);
  expect(readdirSync(dir).length).toBe(1);
  expect(job.has("mine")).toBe(true);
});

test("what the killed one held is given back on demand, with the number of the dead", async () => {
  using job = FastIOContext.open("ending", { dir });
  const child = await start("ending.ts", "signal");
  expect(job.stats()).toMatchObject({ processes: 2, allocations: 2, recyclable: 1 });
  await kill(child);
  expect(job.reap()).toBe(1);
  expect(job.reap()).toBe(0);
  expect(job.stats()).toMatchObject({ processes: 1, allocations: 1, recyclable: 0 });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";

const program = join(import.meta.dir, "ending.ts");
let dir = "";
const started: Bun.Subprocess[] = [];

beforeEach(() => {
  dir = mkdtempSync("/dev/shm/millrace-exit-");
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

/** A process that holds a job open and says so. */
class Ending {
  readonly child;
  readonly #reader;

  constructor(how: string, command: string[] = []) {
    this.child = Bun.spawn([...command, process.execPath, program, dir, how], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    started.push(this.child);
    this.#reader = this.child.stdout.getReader();
  }

  async said(): Promise<string> {
    const { value } = await this.#reader.read();
    return new TextDecoder().decode(value).trim();
  }
}

const where = ["", "worker "] as const;

describe.each(where)("%sopen at the end", (place) => {
  test.each([
    ["end of the program", 0],
    ["process.exit", 3],
    ["uncaught exception", 1],
    ["unhandled rejection", 1],
  ] as const)("%s leaves nothing behind", async (how, exit) => {
    const ending = new Ending(place + how);
    expect(await ending.child.exited).toBe(exit);
    expect(readdirSync(dir)).toEqual([]);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)("%s leaves nothing behind", async (signal) => {
    const ending = new Ending(`${place}signal`);
    expect(await ending.said()).toBe("ready");
    expect(readdirSync(dir).length).toBe(1);
    ending.child.kill(signal);
    await ending.child.exited;
    expect(ending.child.signalCode).toBe(signal);
    expect(readdirSync(dir)).toEqual([]);
  });
});

test("a program's own SIGINT handler runs, and what it ends with leaves nothing behind", async () => {
  const ending = new Ending("a handler of its own");
  expect(await ending.said()).toBe("ready");
  ending.child.kill("SIGINT");
  expect(await ending.child.exited).toBe(7);
  expect(readdirSync(dir)).toEqual([]);
});

test("a SIGINT handler that does not end the process finds the job as it was", async () => {
  const ending = new Ending("a handler that goes on");
  expect(await ending.said()).toBe("ready");
  for (const count of [1, 2]) {
    ending.child.kill("SIGINT");
    expect(await ending.said()).toBe(`heard ${count} true`);
  }
  ending.child.kill("SIGTERM");
  await ending.child.exited;
  expect(readdirSync(dir)).toEqual([]);
});

test("processes that one signal ends together leave nothing behind", async () => {
  const group = [1, 2, 3, 4].map(() => new Ending("signal"));
  // One publishes; for the others the name exists, and they end by that.
  const ready = await Promise.all(group.map((one) => one.said()));
  expect(ready).toContain("ready");
  for (const { child } of group) child.kill("SIGINT");
  await Promise.all(group.map(({ child }) => child.exited));
  expect(readdirSync(dir)).toEqual([]);
});

test("when one ends, the others keep what it published and nothing else of it", async () => {
  using job = FastIOContext.open("ending", { dir, recycleBytesMax: 0 });
  const ending = new Ending("signal");
  expect(await ending.said()).toBe("ready");
  expect(job.stats().processes).toBe(2);
  ending.child.kill("SIGTERM");
  await ending.child.exited;
  expect(job.list()).toEqual(["main"]);
  expect(job.stats()).toMatchObject({ processes: 1, allocations: 1, recyclable: 0 });
  expect(job.get("main").sizeInBytes).toBe(200_000);
});

test("a terminated Worker's references are given back while the process lives on, what it published stays", async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "terminate.ts"), dir], { stdout: "pipe" });
  const { before, after, names, bytes } = JSON.parse(await new Response(child.stdout).text());
  expect(before).toMatchObject({ publications: 1, allocations: 2 });
  expect(after).toMatchObject({ publications: 1, allocations: 1 });
  expect(names).toEqual(["worker"]);
  expect(bytes).toBe(100_000);
  expect(await child.exited).toBe(0);
  expect(readdirSync(dir)).toEqual([]);
});

const container = ["unshare", "--pid", "--fork", "--kill-child"];
const namespaces = Bun.spawnSync([...container, "true"], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;

test.skipIf(!namespaces)(
  "SIGTERM ends the first process of a container, which its default would spare (skipped where unshare is not permitted)",
  async () => {
    const ending = new Ending("signal", container);
    expect(await ending.said()).toBe("ready");
    const inside = await Bun.$`cat /proc/${ending.child.pid}/task/${ending.child.pid}/children`.text();
    process.kill(Number(inside.trim()), "SIGTERM");
    expect(await ending.child.exited).toBe(128 + 15);
    expect(readdirSync(dir)).toEqual([]);
  },
);

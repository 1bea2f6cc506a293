import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";

const seeds = Math.max(1, Math.round(Number(process.env["MILLRACE_FUZZ"] ?? 10_000) / 200));

test("whatever is written into a job's tables, every call ends, with a clear error at worst", async () => {
  const program = join(import.meta.dir, "hostile.ts");
  const child = Bun.spawn([process.execPath, program, "1", String(seeds), "100"], { stdout: "pipe", stderr: "pipe" });
  const complaint = await new Response(child.stderr).text();
  expect(complaint).toBe("");
  expect(await child.exited).toBe(0);
  const counts = JSON.parse(await new Response(child.stdout).text());
  expect(counts.corrupt).toBeGreaterThan(0);
}, 300_000);

let dir = "";
beforeEach(() => {
  dir = mkdtempSync("/dev/shm/millrace-hostile-");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** What another process is told that joins the job. */
function joining(): string {
  const module = JSON.stringify(join(import.meta.dir, "../../src/fastio/index.ts"));
  const source = `import { FastIOContext } from ${module};
    try { FastIOContext.open("job", { dir: ${JSON.stringify(dir)} }).close(); console.log("joined") }
    catch (error) { console.log(error.code) }`;
  return Bun.spawnSync([process.execPath, "-e", source], { stderr: "inherit" }).stdout.toString().trim();
}

const text = (value: string) => new TextEncoder().encode(value);

test.each([
  ["another magic", 0, text("MILLRACF"), "corrupt"],
  ["another version", 8, new Uint8Array([99, 0, 0, 0]), "wrong_version"],
  ["a name of impossible length", 12, new Uint8Array([0xff, 0xff, 0xff, 0xff]), "corrupt"],
  ["another job's name", 16, text("jab"), "corrupt"],
] as const)("a control file with %s is refused, and the job is not touched", (_what, at, bytes, code) => {
  using job = FastIOContext.open("job", { dir });
  job.create(100).publish("mine");
  const control = join(dir, readdirSync(dir)[0]!, "control");
  const before = readFileSync(control).subarray(at, at + bytes.length);
  const fd = openSync(control, "r+");
  writeSync(fd, bytes, 0, bytes.length, at);
  expect(joining()).toBe(code);
  writeSync(fd, before, 0, before.length, at);
  closeSync(fd);
  expect(joining()).toBe("joined");
  expect(job.list()).toEqual(["mine"]);
});

test("a control file of another length is refused", () => {
  using job = FastIOContext.open("job", { dir });
  const control = join(dir, readdirSync(dir)[0]!, "control");
  truncateSync(control, readFileSync(control).length + 4_096);
  expect(joining()).toBe("wrong_version");
  expect(job.list()).toEqual([]);
});

test.each([
  ["magic", 0],
  ["version", 8],
  ["generation", 12],
  ["file number", 16],
  ["size", 24],
] as const)("a segment whose header has another %s is refused when it is mapped", (_what, at) => {
  using job = FastIOContext.open("job", { dir });
  job.create(10_000).publish("mine");
  const folder = join(dir, readdirSync(dir)[0]!);
  const segment = readdirSync(folder).find((name) => name.startsWith("s-"))!;
  const fd = openSync(join(folder, segment), "r+");
  writeSync(fd, new Uint8Array([0x55]), 0, 1, at);
  closeSync(fd);
  using got = job.get("mine");
  expect(() => got.getArray()).toThrow(expect.objectContaining({ code: "corrupt" }));
});

test("a segment that somebody cut is refused when it is mapped", () => {
  using job = FastIOContext.open("job", { dir });
  job.create(10_000).publish("mine");
  const folder = join(dir, readdirSync(dir)[0]!);
  const segment = readdirSync(folder).find((name) => name.startsWith("s-"))!;
  truncateSync(join(folder, segment), 8_192);
  using got = job.get("mine");
  expect(() => got.getArray()).toThrow(expect.objectContaining({ code: "corrupt" }));
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";

let dir = "";
let place = "";

beforeEach(() => {
  dir = mkdtempSync("/dev/shm/millrace-owner-");
  const job = FastIOContext.open("job", { dir });
  place = join(dir, readdirSync(dir)[0]!);
  job.close();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const root = process.getuid?.() === 0;

function directory(mode: number, owner?: number): void {
  mkdirSync(place);
  chmodSync(place, mode);
  if (owner !== undefined) chownSync(place, owner, owner);
}

function link(): void {
  mkdirSync(join(dir, "else"));
  symlinkSync(join(dir, "else"), place);
}

const squatters: [string, () => void, boolean][] = [
  ["a directory of another user", () => directory(0o700, 12_345), root],
  ["a directory that others may read", () => directory(0o755), true],
  ["a directory that others may write", () => directory(0o777), true],
  ["a file", () => writeFileSync(place, ""), true],
  ["a link to a directory", link, true],
  ["a link to nowhere", () => symlinkSync(join(dir, "nowhere"), place), true],
];

const possible = squatters.filter(([, , rights]) => rights);

test.each(possible)("%s in the job's place is not used, and not touched", (_what, squat) => {
  squat();
  const before = readdirSync(dir, { recursive: true });
  for (let i = 0; i < 2; i++) {
    expect(() => FastIOContext.open("job", { dir })).toThrow(expect.objectContaining({ code: "not_owner" }));
  }
  expect(readdirSync(dir, { recursive: true })).toEqual(before);
});

test.each(["nowhere", "file/below"])("a directory %s that does not exist is an error that names it", (path) => {
  writeFileSync(join(dir, "file"), "");
  const missing = join(dir, path);
  expect(() => FastIOContext.open("job", { dir: missing })).toThrow(
    expect.objectContaining({ code: "file_not_found" }),
  );
  expect(() => FastIOContext.open("job", { dir: missing })).toThrow(missing);
});

test("foreign files beside the jobs and inside them stay", () => {
  writeFileSync(join(dir, "notes"), "mine");
  const job = FastIOContext.open("job", { dir });
  mkdirSync(join(place, "folder"));
  job.close();
  expect(readdirSync(dir, { recursive: true }).sort()).toEqual(
    [place.slice(dir.length + 1), `${place.slice(dir.length + 1)}/folder`, "notes"].sort(),
  );
  FastIOContext.open("job", { dir }).close();
});

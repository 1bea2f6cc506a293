// Runs into the limit that the argument names and says what it was told.
import { closeSync, openSync } from "node:fs";
import { FastIOContext } from "../../src/fastio/index.ts";
import type { MillraceError } from "../../src/index.ts";

const [, , dir, what] = process.argv as string[] as [string, string, string, string];
using job = FastIOContext.open("limited", { dir });

function attempt(name: string, call: () => unknown): void {
  try {
    call();
    console.log(name, "done");
  } catch (error) {
    console.log(name, (error as MillraceError).code);
  }
}

if (what === "descriptors") {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {}
  attempt("create", () => job.create(1_000));
  attempt("open", () => FastIOContext.open("second", { dir }));
  for (const fd of taken) closeSync(fd);
}

if (what === "memory") {
  try {
    job.create(2 ** 30);
  } catch (error) {
    console.log((error as MillraceError).code, (error as MillraceError).message);
  }
  const held = [];
  try {
    for (;;) held.push(job.create(16 * 2 ** 20));
  } catch (error) {
    console.log((error as MillraceError).code, `after ${held.length} of 16 MiB`);
  }
  for (const one of held) one.release();
}

console.log("again", job.create(1_000).map().length);

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { demo, digits, type Run, run, SharedMemory } from "./demo.ts";

const timeoutMs = 60_000;
const count = 450;
const requests = 9000;

describe("the digits demo", () => {
  const memory = new SharedMemory();
  let ended: Run;
  let lines: string[];

  beforeAll(async () => {
    ended = await run(demo, memory.env);
    lines = ended.stdout.split("\n");
  }, timeoutMs);
  afterAll(() => memory[Symbol.dispose]());

  /** The first match of a pattern, on a line that this operator wrote. */
  function said(operator: string, pattern: RegExp): string[] {
    const own = lines.filter((line) => line.split("|")[0]?.trim() === operator).map((line) => line.slice(11));
    const match = own.map((line) => line.match(pattern)).find((found) => found !== null);
    expect([operator, pattern, match != null, own, ended.stderr]).toEqual([operator, pattern, true, own, ended.stderr]);
    return [...match!];
  }

  test("ends well, and names no problem", () => {
    expect({
      exit: ended.exit,
      log: ended.stderr.split("\n").filter((line) => !/\[(running|done)/.test(line)),
    }).toEqual({ exit: 0, log: [""] });
  });

  test("reads the held-out digits as the model is known to read them", () => {
    expect(said("report", /^accuracy: .*/)).toEqual(["accuracy: 99.6 %, 448 of 450"]);
  });

  test("runs its operators as three processes, which are gone afterwards", () => {
    const pids = ["scan", "classify", "report"].map((operator) => Number(said(operator, /^process (\d+) /)[1]));
    expect(new Set([...pids, ended.pid, process.pid]).size).toBe(5);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  test("says which operator runs, and how each ended", () => {
    for (const operator of ["scan", "classify", "report"]) {
      const own = ended.stderr.split("\n").filter((line) => line.startsWith(operator));
      expect(own).toEqual([expect.stringContaining("[running]"), expect.stringMatching(/\[done in .* in, .* out\]/)]);
    }
  });

  test("draws three digits that were read right and one that was not", () => {
    const captions = said("report", /^(\d: right) +(\d: right) +(\d: right) +(\d): read as (\d)$/);
    expect(captions[4]).not.toBe(captions[5]);
    const drawing = lines.filter((line) => /[░▒▓█]/.test(line));
    expect(drawing.length).toBe(8);
    expect(drawing.every((line) => line.length < 80)).toBe(true);
  });

  test("draws the scans themselves, shade by shade", () => {
    const scans = readFileSync(join(digits, "heldout.bin")).subarray(24, 24 + count * 64);
    const drawn = lines.filter((line) => /[░▒▓█]/.test(line)).map((line) => line.slice(11).padEnd(67));
    // Two equal characters a pixel; the first digit drawn is the first scan, as the model reads it right.
    const first = drawn.map((line) => Array.from({ length: 8 }, (_, x) => line.slice(2 * x, 2 * x + 2)));
    const expected = Array.from({ length: 8 }, (_, y) =>
      Array.from(scans.subarray(8 * y, 8 * y + 8), (pixel) => " ░▒▓█"[Math.round(pixel / 4)]!.repeat(2)),
    );
    expect(first).toEqual(expected);
  });

  test("counts every image once in its confusion table, the right ones on the diagonal", () => {
    const rows = Array.from({ length: 10 }, (_, digit) =>
      said("report", new RegExp(`^ {3}${digit} ((?: +[\\d·]+){10})$`))[1]!
        .trim()
        .split(/ +/)
        .map((cell) => Number(cell.replace("·", "0"))),
    );
    const sum = (cells: number[]): number => cells.reduce((total, cell) => total + cell, 0);
    expect(sum(rows.map((row) => sum(row)))).toBe(count);
    expect(sum(rows.map((row, digit) => row[digit]!))).toBe(448);
    const labels = readFileSync(join(digits, "heldout.bin")).subarray(-count);
    expect(rows.map(sum)).toEqual(rows.map((_, digit) => labels.filter((label) => label === digit).length));
  });

  test("tells how fast it was, with a p50 that is no longer than the p99", () => {
    const number = (text: string | undefined): number => Number(text?.replaceAll(",", ""));
    expect(number(said("report", /^one batch: ([\d,]+) images\/s$/)[1])).toBeGreaterThan(0);
    const [, rate, p50, p99] = said(
      "report",
      /^one image a request: ([\d,]+) images\/s, p50 ([\d.]+) ms, p99 ([\d.]+) ms$/,
    );
    expect(number(rate)).toBeGreaterThan(0);
    expect(number(p50)).toBeGreaterThan(0);
    expect(number(p50)).toBeLessThanOrEqual(number(p99));
  });

  test("shows the counters of the native library: all tensors published, only labels and two rates copied", () => {
    const counter = (name: string): number =>
      Number(
        lines
          .find((line) => line.startsWith(`  ${name} `))
          ?.match(/([\d,]+) bytes$/)?.[1]
          ?.replaceAll(",", ""),
      );
    const [images, labels, logits, latencies, rates] = [count * 64 * 4, count, count * 10 * 4, requests * 8, 2 * 8];
    expect({
      published: counter("published"),
      copiedIn: counter("copied in"),
      copiedOut: counter("copied out"),
    }).toEqual({ published: images + labels + logits + latencies + rates, copiedIn: labels + rates, copiedOut: 0 });
  });

  test("leaves nothing in shared memory", () => {
    expect(memory.left).toEqual([]);
  });
});

/** The held-out file with something done to it. */
async function changed(dir: string, change: (file: Buffer) => Buffer): Promise<string> {
  const path = join(dir, "scans.bin");
  await Bun.write(path, change(readFileSync(join(digits, "heldout.bin"))));
  return path;
}

const spoiled: readonly (readonly [what: string, change: (file: Buffer) => Buffer, message: string])[] = [
  [
    "labels that disagree with the images",
    (file) => Buffer.concat([file.subarray(0, -count), file.subarray(-count).map((label) => (label + 1) % 10)]),
    "the accuracy is below 97 %",
  ],
  ["a file of another kind", (file) => Buffer.concat([Buffer.from("PNG"), file]), "does not begin with MRDIGIT1"],
  ["a file that is cut off", (file) => file.subarray(0, -1), "has 29273 bytes; its header promises 29274"],
];

test.each(spoiled)(
  "the demo fails on %s, says why, and leaves nothing behind",
  async (_what, change, message) => {
    using files = new SharedMemory();
    using memory = new SharedMemory();
    const { exit, stdout, stderr } = await run([...demo, await changed(files.dir, change)], memory.env);
    expect([exit, stderr.includes(message), stdout + stderr]).toEqual([1, true, stdout + stderr]);
    expect(memory.left).toEqual([]);
  },
  timeoutMs,
);

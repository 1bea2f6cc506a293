import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { demo, digits, SharedMemory } from "./demo.ts";
import { obstacle, type Trace, trace } from "./trace.ts";

const timeoutMs = 60_000;
const heldout = join(digits, "heldout.bin");
const count = 450;
const tensorBytes = count * (64 * 4 + 1 + 10 * 4);
/** The longest thing an operator says at once is the drawing. */
const logBytesMax = 2048;

const scans = readFileSync(heldout);
const pixels = scans.subarray(24, 24 + count * 64);
const labels = scans.subarray(-count);

/** Rows of images with enough ink to be no other bytes by chance: as they are in the file, and as the tensor has them. */
const rows = Array.from({ length: count * 8 }, (_, row) => pixels.subarray(8 * row, 8 * row + 8))
  .filter((row) => row.filter((pixel) => pixel > 0).length >= 5)
  .flatMap((row) => [row, Buffer.from(Float32Array.from(row, (pixel) => pixel / 16).buffer)]);

/** Everything written to sockets and pipes, in order, by socket and pipe. */
function channels({ writes }: Trace): Buffer[] {
  const open = writes.filter(({ target }) => /^(socket|pipe|UNIX|TCP|UDP|NETLINK|\/dev\/pts)/.test(target));
  const byTarget = Map.groupBy(open, ({ target }) => target);
  return Array.from(byTarget.values(), (group) => Buffer.concat(group.map(({ bytes }) => bytes)));
}

const total = (buffers: readonly Buffer[]): number => buffers.reduce((sum, { length }) => sum + length, 0);
const rowsIn = (buffers: readonly Buffer[]): number =>
  rows.filter((row) => buffers.some((buffer) => buffer.includes(row))).length;

describe.skipIf(obstacle !== undefined)(
  `under strace${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
  () => {
    test("no operator of the demo writes tensor bytes to a socket or pipe", async () => {
      using memory = new SharedMemory();
      const traced = await trace(demo, memory.env);
      const { run, programs } = traced;
      expect([run.exit, run.stderr]).toEqual([0, run.stderr]);
      for (const operator of ["scan", "classify", "report"]) {
        expect(programs.filter((program) => program.endsWith(`${operator}.ts`))).toHaveLength(1);
      }
      const written = channels(traced);
      // What operators say does go through pipes: the trace sees it.
      expect(written.some((bytes) => bytes.includes("accuracy: 99.6 %"))).toBe(true);
      expect(traced.hidden).toEqual([]);
      const long = traced.writes.filter(({ bytes, target }) => bytes.length > logBytesMax && !target.startsWith("/"));
      expect(long.map(({ call, target, bytes }) => `${call} of ${bytes.length} bytes to ${target}`)).toEqual([]);
      expect(total(written)).toBeLessThan(tensorBytes / 5);
      expect(rowsIn(written)).toBe(0);
      expect(written.filter((bytes) => bytes.includes(labels.subarray(0, 16)))).toEqual([]);
    });

    const leaks: readonly (readonly [what: string, expression: string, bytes: number])[] = [
      ["the scans as the file has them", "pixels", pixels.length],
      ["the tensor", "new Uint8Array(Float32Array.from(pixels, (pixel) => pixel / 16).buffer)", 4 * pixels.length],
    ];
    const ways = [
      ["a pipe", (program: string) => ["sh", "-c", `${program} | wc -c`]],
      ["a socket", (program: string) => ["sh", "-c", program]], // Bun gives its children sockets
    ] as const;

    describe.each(ways)("the same check, when %s is used,", (_way, command) => {
      test.each(leaks)(
        "finds %s",
        async (_what, expression, bytes) => {
          const script = `const pixels = require("node:fs").readFileSync("${heldout}").subarray(24, ${24 + pixels.length}); process.stdout.write(${expression})`;
          const written = channels(await trace(command(`'${process.execPath}' -e '${script}'`), process.env));
          expect(total(written)).toBeGreaterThanOrEqual(bytes);
          expect(rowsIn(written)).toBe(rows.length / 2);
        },
        timeoutMs,
      );
    });
  },
);

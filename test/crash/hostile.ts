// Uses a job while its own shared memory is being damaged, by seeded writes of any bytes to whatever is in use. Every
// call ends, and says nothing worse than that something is wrong.
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FastIOContext } from "../../src/fastio/index.ts";
import { type ErrorCode, MillraceError } from "../../src/index.ts";

const [, , firstSeed, seeds, rounds] = process.argv.map(Number) as number[] as [number, number, number, number, number];

const accepted: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "corrupt",
  "wrong_version",
  "not_found",
  "exists",
  "freed",
  // Two allocations that damage made one share their views.
  "closed",
  "stale_handle",
  "no_space",
  "table_full",
  "out_of_bounds",
  "invalid_shape",
  "wrong_size",
  "wrong_dtype",
]);

let state = 1;
function random(limit: number): number {
  state = (state * 48_271) % 0x7fff_ffff;
  return Math.floor((state / 0x7fff_ffff) * limit);
}

// As docs/layout.md has it: where each table begins, how much of it a small job uses.
const page = 4_096;
const tables = [
  { at: 0, length: 800 }, // header
  { at: page, length: 128 * 4 }, // processes
  { at: page + 16_384, length: 64 * 24 }, // segments
  { at: page + 16_384 + 524_288, length: 65_536 }, // index
  { at: page + 16_384 + 524_288 + 65_536, length: 512 * 12 }, // records
  { at: page + 16_384 + 524_288 + 65_536 + 4_194_304, length: page * 4 }, // attributes
  { at: page + 16_384 + 524_288 + 65_536 + 4_194_304 + 33_554_432, length: 96 }, // references
];
const values = [0, 1, 2, 0x7f, 0x80, 0xff];

function damage(fd: number, { at, length }: { at: number; length: number }): void {
  const bytes = new Uint8Array([1, 1, 4, 8][random(4)]!).fill(
    random(2) === 0 ? values[random(values.length)]! : random(256),
  );
  writeSync(fd, bytes, 0, bytes.length, at + random(Math.max(1, length - bytes.length)));
}

function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    const known = error instanceof MillraceError && accepted.has(error.code);
    if (!known) throw error;
    counts.set(error.code, (counts.get(error.code) ?? 0) + 1);
  }
}
const counts = new Map<string, number>();

for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  state = seed * 7_919 + 1;
  const dir = mkdtempSync("/dev/shm/millrace-hostile-");
  const job = FastIOContext.open("hostile", { dir, recycleBytesMax: 50_000 });
  const folder = join(dir, readdirSync(dir)[0]!);
  const control = openSync(join(folder, "control"), "r+");
  const mine = job.create(9_000);
  for (let round = 0; round < rounds; round++) {
    const name = `name ${random(8)}`;
    const publish = () => job.create(1 + random(9_000)).publish(name, { replace: true, attributes: { round } });
    const calls = [
      publish,
      publish,
      publish,
      publish,
      () => job.get(name).getArray()[0],
      () => new Uint8Array(job.get(name).map().buffer).fill(1),
      () => job.get(name).free(),
      () => job.list(),
      () => job.has(name),
      () => job.stats(),
      () => job.reap(),
      () => mine.publish(`mine ${name}`, { replace: true }),
      () => mine.map().fill(2),
      () => job.create(1 + random(9_000)).release(),
      () => FastIOContext.open(`other ${random(2)}`, { dir }).close(),
    ];
    attempt(calls[random(calls.length)]!);
    if (random(3) === 0) damage(control, tables[random(tables.length)]!);
    const segments = round % 16 === 0 ? readdirSync(folder).filter((file) => file.startsWith("s-")) : [];
    for (const file of segments.slice(0, 1)) {
      const fd = openSync(join(folder, file), "r+");
      damage(fd, { at: 0, length: 80 });
      closeSync(fd);
    }
  }
  attempt(() => job.close());
  closeSync(control);
  FastIOContext.reap({ dir });
  const left = readdirSync(dir, { recursive: true });
  if (left.length > 0) throw new Error(`seed ${seed} left ${left}`);
  rmSync(dir, { recursive: true });
}
console.log(JSON.stringify(Object.fromEntries(counts)));

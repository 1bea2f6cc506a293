import { readFileSync } from "node:fs";

/** A run in which other guests of the host had more of the processors than this is disturbed: two threads that hand work to each other lose ten times as much. */
const disturbedShare = 0.02;
/** Further rounds, in place of disturbed ones. */
const extraRounds = 2;

interface Run<R> {
  readonly result: R;
  readonly stolen: number;
}

/**
 * Runs every contender once, then all of them again, `rounds` times, and keeps of each the run in the middle by `rank`: what
 * else happens on the machine for a while then befalls all of them alike, and none for good. Where the host took processor
 * time away there are up to twice as many rounds more, and of each contender the `rounds` least disturbed runs count.
 */
export async function inTurn<C extends Readonly<Record<string, () => Promise<unknown>>>>(
  rounds: number,
  contenders: C,
  rank: (result: Awaited<ReturnType<C[keyof C]>>) => number,
  stolen: () => Stolen = stolenSoFar,
): Promise<{ [K in keyof C]: Awaited<ReturnType<C[K]>> }> {
  type Result = Awaited<ReturnType<C[keyof C]>>;
  const names = Object.keys(contenders) as (keyof C)[];
  const runs = new Map(names.map((name) => [name, [] as Run<Result>[]]));
  const clean = (name: keyof C) => runs.get(name)!.filter((run) => run.stolen <= disturbedShare).length;
  for (let round = 0; round < rounds * (1 + extraRounds); round++) {
    if (round >= rounds && names.every((name) => clean(name) >= rounds)) break;
    for (const name of names) {
      const before = stolen();
      const result = (await contenders[name]!()) as Result;
      runs.get(name)!.push({ result, stolen: share(before, stolen()) });
    }
  }
  const middle = names.map((name) => {
    const kept = runs.get(name)!.sort((a, b) => a.stolen - b.stolen);
    const sorted = kept.slice(0, rounds).sort((a, b) => rank(a.result) - rank(b.result));
    return [name, sorted[sorted.length >> 1]!.result] as const;
  });
  return Object.fromEntries(middle) as never;
}

/** Processor time since the machine started, in the kernel's ticks: all of it, and what the host gave to other guests. */
interface Stolen {
  readonly stolen: number;
  readonly all: number;
}

function stolenSoFar(): Stolen {
  // user nice system idle iowait irq softirq steal; what follows is counted in the first two.
  const ticks = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  return { stolen: ticks[7] ?? 0, all: ticks.reduce((sum, one) => sum + one, 0) };
}

function share(before: Stolen, after: Stolen): number {
  return after.all === before.all ? 0 : (after.stolen - before.stolen) / (after.all - before.all);
}

/**
 * Runs every contender once, then all of them again, `rounds` times, and keeps of each the run in the middle by `rank`: what
 * else happens on the machine for a while then befalls all of them alike, and none for good.
 */
export async function inTurn<C extends Readonly<Record<string, () => Promise<unknown>>>>(
  rounds: number,
  contenders: C,
  rank: (result: Awaited<ReturnType<C[keyof C]>>) => number,
): Promise<{ [K in keyof C]: Awaited<ReturnType<C[K]>> }> {
  const names = Object.keys(contenders) as (keyof C)[];
  const results = new Map(names.map((name) => [name, [] as Awaited<ReturnType<C[keyof C]>>[]]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results.get(name)!.push((await contenders[name]!()) as never);
  }
  const middle = names.map((name) => {
    const sorted = results.get(name)!.sort((a, b) => rank(a) - rank(b));
    return [name, sorted[sorted.length >> 1]] as const;
  });
  return Object.fromEntries(middle) as never;
}

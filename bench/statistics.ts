/** A set of durations. Nanoseconds everywhere; a percentile that the number of samples cannot show is null. */
export interface Statistics {
  readonly n: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly p9999: number | null;
  readonly max: number;
}

/** Sorts `samples` in place. A tail of one in k needs at least k samples to be more than the maximum renamed. */
export function summarize(samples: Float64Array): Statistics {
  const n = samples.length;
  if (n === 0) throw new RangeError("no samples to summarize");
  samples.sort();
  const at = (q: number): number => samples[Math.min(n - 1, Math.floor(q * n))]!;
  const tail = (oneIn: number): number | null => (n >= oneIn ? at(1 - 1 / oneIn) : null);
  return {
    n,
    mean: samples.reduce((sum, ns) => sum + ns, 0) / n,
    min: samples[0]!,
    p50: at(0.5),
    p90: at(0.9),
    p99: tail(100),
    p999: tail(1_000),
    p9999: tail(10_000),
    max: samples[n - 1]!,
  };
}

/** The JSON line of a native benchmark, which sends every percentile whatever `n` is. */
export function parseStatistics(line: string): Statistics {
  const raw = JSON.parse(line) as Statistics & { unit: string };
  const tail = (oneIn: number, value: number | null): number | null => (raw.n >= oneIn ? value : null);
  const { n, mean, min, p50, p90, max } = raw;
  return {
    n,
    mean,
    min,
    p50,
    p90,
    p99: tail(100, raw.p99),
    p999: tail(1_000, raw.p999),
    p9999: tail(10_000, raw.p9999),
    max,
  };
}

/**
 * Calls `once` `warmup + n` times and keeps the last `n` durations it returns or, when it returns nothing, the time it took.
 * The clock is `performance.now()`, the cheapest that Bun has (about 30-70 ns a reading, included in every sample).
 */
export function sample(n: number, warmup: number, once: (i: number) => number | undefined): Statistics {
  const kept = new Float64Array(n);
  for (let i = -warmup; i < n; i++) {
    const before = performance.now();
    const own = once(i + warmup);
    const ns = own ?? (performance.now() - before) * 1e6;
    if (i >= 0) kept[i] = ns;
  }
  return summarize(kept);
}

export async function sampleAsync(
  n: number,
  warmup: number,
  once: (i: number) => Promise<number | undefined>,
): Promise<Statistics> {
  const kept = new Float64Array(n);
  for (let i = -warmup; i < n; i++) {
    const before = performance.now();
    const own = await once(i + warmup);
    const ns = own ?? (performance.now() - before) * 1e6;
    if (i >= 0) kept[i] = ns;
  }
  return summarize(kept);
}

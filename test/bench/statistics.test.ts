import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseStatistics, summarize } from "../../bench/statistics.ts";

describe("summarize", () => {
  test("gives only the percentiles that the number of samples can show", () => {
    const cases = [
      { n: 99, p99: false, p999: false, p9999: false },
      { n: 100, p99: true, p999: false, p9999: false },
      { n: 1_000, p99: true, p999: true, p9999: false },
      { n: 10_000, p99: true, p999: true, p9999: true },
    ];
    for (const { n, p99, p999, p9999 } of cases) {
      const found = summarize(Float64Array.from({ length: n }, (_, i) => n - i));
      expect([found.p99 !== null, found.p999 !== null, found.p9999 !== null]).toEqual([p99, p999, p9999]);
      expect([found.min, found.max, found.n]).toEqual([1, n, n]);
    }
  });

  test("orders its percentiles whatever the samples are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 2_000 }),
        (times) => {
          const { min, p50, p90, p99, p999, max } = summarize(Float64Array.from(times));
          const known = [min, p50, p90, p99, p999, max].filter((value) => value !== null);
          expect(known).toEqual([...known].sort((a, b) => a - b));
          expect([min, max]).toEqual([Math.min(...times), Math.max(...times)]);
        },
      ),
    );
  });

  test("refuses to describe nothing", () => {
    expect(() => summarize(new Float64Array(0))).toThrow("no samples");
  });
});

test("a native program's line keeps only the percentiles that its samples can show", () => {
  const line = '{"unit":"ns","n":200,"mean":2.5,"min":1,"p50":2,"p90":3,"p99":4,"p999":5,"p9999":5,"max":5}';
  expect(parseStatistics(line)).toEqual({
    n: 200,
    mean: 2.5,
    min: 1,
    p50: 2,
    p90: 3,
    p99: 4,
    p999: null,
    p9999: null,
    max: 5,
  });
});

import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import { sample } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { openJob } from "./exchange.ts";
import { MiB, samplesFor } from "./sizes.ts";

/** Making memory and filling it from an array: recycled, recycled and zeroed first, fresh; against the copy alone. */
export async function creationRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of [MiB, 64 * MiB]) {
    context.log(`create, ${size(bytes)}`);
    const n = context.samples(samplesFor(bytes, 3_000), 5);
    const from = new Float64Array(bytes / 8).fill(1);
    const shape = [bytes / 8];
    using recycling = openJob(4 * bytes);
    using fresh = openJob(0);
    using kept = recycling.create({ dtype: "float64", shape });
    const target = kept.map();
    const copy = sample(n, 3, () => void target.set(from));
    const make = (job: typeof fresh, uninitialized: boolean) =>
      sample(n, 3, () => {
        const before = performance.now();
        const made = job.create({ dtype: "float64", shape, uninitialized });
        made.map().set(from);
        const ns = (performance.now() - before) * 1e6;
        made.free();
        return ns;
      });
    const peer = { name: "a plain copy into mapped memory", value: copy.p50 };
    const kinds = [
      [
        "recycled",
        make(recycling, true),
        { of: "ratio", atLeast: 1 / 1.2 } as const,
        "uninitialized: bytes of this job may show",
      ],
      ["recycled and zeroed", make(recycling, false), undefined, "zeroed, the default"],
      ["fresh", make(fresh, false), undefined, "first touch: the kernel finds and zeroes every page"],
    ] as const;
    for (const [kind, statistics, goal, note] of kinds) {
      rows.push(
        makeRow({
          name: `create and fill, ${kind}: ${size(bytes)}`,
          statistics,
          peer,
          target: goal,
          note: `${note}; create, map and a copy of the whole; free is not counted`,
        }),
      );
    }
  }
  return rows;
}

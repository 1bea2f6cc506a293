import { runProgram } from "../native/program.ts";
import type { Partner } from "../partner.ts";
import { size } from "../quantity.ts";
import { makeRow, type Row } from "../row.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { openJob } from "./exchange.ts";
import type { CallsOrder, ColdOrder } from "./orders.ts";
import { fitting, GiB, KiB, MiB } from "./sizes.ts";

const manyObjects = 4_000_000;
const limit = 5_000;

/** `get` of mapped memory and `publish` of what exists, in a process that did not make it. */
export async function warmRows(context: Context, partner: Partner): Promise<Row[]> {
  const rows: Row[] = [];
  for (const liveObjects of [0, manyObjects]) {
    for (const bytes of fitting([64, MiB, 64 * MiB, GiB], 1).fit) {
      context.log(`warm calls, ${size(bytes)}, ${liveObjects} live objects`);
      using job = openJob();
      using tensor = job.create({ dtype: "float64", shape: [bytes / 8] });
      tensor.map()[0] = 1;
      tensor.publish("tensor");
      const order: CallsOrder = { job: job.name, name: "tensor", n: context.samples(20_000, 100), liveObjects };
      const times = await partner.call<Record<"get" | "getAndRead" | "publish", Statistics>>("calls", order);
      const heap = liveObjects === 0 ? "" : `, ${liveObjects / 1e6} M live objects`;
      const kinds = [
        ["warm get", times.get, "get alone; its release is not counted"],
        [
          "warm get and read",
          times.getAndRead,
          "get, getArray and one element; its release, which drops the reader's own pages, is not counted",
        ],
        ["publish what exists", times.publish, "publish under a name with replace, no attributes"],
      ] as const;
      for (const [name, statistics, note] of kinds) {
        const clock = `performance.now() around each call, its cost included${heap}`;
        // p50 and mean both count; a garbage collection shows in the mean.
        rows.push(
          makeRow({
            name: `${name}: ${size(bytes)}${heap}`,
            statistics,
            target: { of: "value", atMost: limit },
            note: `${note}; p50; ${clock}`,
          }),
        );
        rows.push(
          makeRow({
            name: `${name}: ${size(bytes)}${heap}, mean`,
            value: statistics.mean,
            n: statistics.n,
            target: { of: "value", atMost: limit },
            note: `${note}; mean; ${clock}`,
          }),
        );
      }
    }
  }
  return rows;
}

/** `get` with a view of memory that this process has never seen, against the bare system calls. */
export async function coldRows(context: Context, partner: Partner): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of [4 * KiB, MiB, 64 * MiB]) {
    context.log(`cold get, ${size(bytes)}`);
    using job = openJob();
    const n = bytes > MiB ? Math.min(fitCount(bytes), 25) : context.samples(500, 25);
    const names: string[] = [];
    for (let i = 0; i < n; i++) {
      using tensor = job.create({ dtype: "float64", shape: [bytes / 8] });
      tensor.map()[0] = 1;
      tensor.publish(`tensor-${i}`);
      names.push(`tensor-${i}`);
    }
    const statistics = await partner.call<Statistics>("cold", { job: job.name, names } satisfies ColdOrder);
    const bare = await runProgram(context, { name: "mapping" }, { mode: "map", bytes, iterations: 2_000, warmup: 100 });
    for (const name of names) {
      using tensor = job.get(name);
      tensor.free();
    }
    rows.push(
      makeRow({
        name: `cold get and read: ${size(bytes)}`,
        statistics,
        peer: { name: "open, map, read a byte, close (native)", value: bare.p50 },
        target: { of: "ratio", atLeast: 1 / 1.5 },
        note: "a process's first get of a segment, getArray, one element; every sample another segment; unmapping is in neither",
      }),
    );
  }
  return rows;
}

function fitCount(bytes: number): number {
  for (let n = 25; n > 5; n--) if (fitting([bytes], n).fit.length > 0) return n;
  return 5;
}

/** Single calls inside one JavaScript thread, timed by mitata, each with the bytes it allocates. */
import { measure } from "mitata";
import { bytesPerCall } from "../hot/allocated.ts";
import type { HotCase } from "../hot/case.ts";
import { makeRow, type Row } from "../row.ts";
import { summarize } from "../statistics.ts";
import type { Context } from "../suite.ts";

const files = ["fastio", "runner"] as const;

export async function run(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const file of files) {
    const { cases } = (await import(`../hot/${file}.ts`)) as { cases: readonly HotCase[] };
    for (const one of cases) rows.push(...(await measureCase(context, file, one)));
  }
  return rows;
}

async function measureCase(context: Context, file: string, { name, note, prepare, atMost }: HotCase): Promise<Row[]> {
  context.log(name);
  const { call, close } = await prepare();
  // mitata's smallest time is 0.64 s of CPU; what is asked for here is that, or a share of it.
  const stats = await measure(call, { min_cpu_time: context.samples(642e6, 20e6), gc: false });
  await close();
  const calls = Math.round(Math.min(5_000_000, Math.max(50_000, 3e9 / stats.avg)) * (context.samples(1_000) / 1_000));
  const bytes = await bytesPerCall(file, name, calls);
  return [
    makeRow({
      name,
      // Of batches of calls where one call is too short to time.
      statistics: { ...summarize(Float64Array.from(stats.samples)), n: stats.ticks },
      target: atMost === undefined ? undefined : { of: "value", atMost },
      note: `${note}; mitata, percentiles over batches of calls`,
    }),
    makeRow({
      name: `${name}: bytes allocated`,
      unit: "B",
      ...(bytes === null ? {} : { value: bytes, n: calls }),
      note: `per call, on the JavaScript heap, garbage included; to within ${Math.ceil(500_000 / calls)} B; native memory is not counted`,
    }),
  ];
}

/** The floor of every "written by one, read by the other" row: both loops in one process, over pages that are there. */
import { type Statistics, sample } from "../statistics.ts";
import type { Context } from "../suite.ts";
import { readWhole, seedOf, writeWhole } from "../workload.ts";

export function measureWriteAndRead(context: Context, bytes: number, n: number): Promise<Statistics> {
  return context.once(`write and read ${bytes}`, async () => {
    const values = new Float64Array(bytes / 8);
    return sample(n, 3, (i) => {
      writeWhole(values, seedOf(i));
      readWhole(values, seedOf(i));
      return undefined;
    });
  });
}

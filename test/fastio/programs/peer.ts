// Another process of a job: runs the functions that the test sends, and keeps what they put into `kept`.
import { FastIOContext, FastIOEntry } from "../../../src/fastio/index.ts";

const [name, dir] = process.argv.slice(2);
const here = {
  job: FastIOContext.open(name!, { dir }),
  kept: {} as Record<string, unknown>,
  FastIOContext,
  FastIOEntry,
};

export type Here = typeof here;

process.on("message", async ({ task, values }: { task: string; values: unknown[] }) => {
  try {
    const run = new Function(`return (${task})`)() as (here: Here, ...values: unknown[]) => unknown;
    process.send!({ result: await run(here, ...values) });
  } catch (error) {
    process.send!({ error: { code: (error as { code?: string }).code, message: String(error) } });
  }
});
process.send!({ result: "ready" });

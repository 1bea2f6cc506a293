/** `bun allocate.ts FILE NAME CALLS`: makes the calls of one hot case between two marks in the collector's log. */
import { begin, end } from "./allocated.ts";
import type { HotCase } from "./case.ts";

const [file, name, calls] = process.argv.slice(2);
const { cases } = (await import(`${import.meta.dir}/${file}.ts`)) as { cases: readonly HotCase[] };
const found = cases.find((one) => one.name === name);
if (found === undefined) throw new Error(`no case ${name} in ${file}`);
const { call, close } = await found.prepare();

async function repeat(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const result = call();
    if (result instanceof Promise) await result;
  }
}

await repeat(Math.min(20_000, Number(calls)));
Bun.gc(true);
process.stderr.write(`${begin}\n`);
await repeat(Number(calls));
Bun.gc(true);
process.stderr.write(`${end}\n`);
await close();

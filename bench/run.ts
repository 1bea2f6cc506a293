/** `bun run bench [suite...]`: measures, prints a table, and writes JSON when asked. Without a name: every suite. */
import { Glob } from "bun";
import { describeMachine } from "./machine.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { describePlacement, pinThisThread } from "./placement.ts";
import type { Row } from "./row.ts";
import type { Context, Suite } from "./suite.ts";
import { renderTable } from "./table.ts";

const options = readOptions();
const folder = `${import.meta.dir}/suites`;
const known = [...new Glob("*.ts").scanSync(folder)].map((file) => file.slice(0, -".ts".length)).sort();
const chosen = options.suites.length === 0 ? known : options.suites;
const unknown = chosen.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
  process.exit(2);
}

const machine = describeMachine();
if (options.pin) pinThisThread(options.placement.cpus[0]);
const made = new Map<string, Promise<unknown>>();
const context: Context = {
  placement: options.placement,
  pin: options.pin,
  buildPeers: options.buildPeers,
  samples: (usual, least = 10) => Math.max(least, Math.round(usual * options.scale)),
  once<T>(key: string, measure: () => Promise<T>): Promise<T> {
    const first = made.get(key) ?? measure();
    made.set(key, first);
    return first as Promise<T>;
  },
  log: (line) => console.error(`  ${line}`),
};

console.log(
  `${machine.cpu}, ${machine.cores} CPUs${machine.virtual ? " (virtual)" : ""}, Linux ${machine.kernel}, Bun ${machine.bun}, load ${machine.loadAverage}`,
);
console.log(
  `placement: ${describePlacement(options.placement)}, native sides pinned, JavaScript ${options.pin ? "main threads too" : "placed by the scheduler"}`,
);
const rows: (Row & { suite: string })[] = [];
for (const name of chosen) {
  console.error(name);
  const suite = (await import(`${folder}/${name}.ts`)) as Suite;
  const measured = await suite.run(context);
  rows.push(...measured.map((row) => ({ suite: name, ...row })));
  console.log(`\n${name}\n${renderTable(measured)}`);
}
if (options.json !== undefined) {
  const placement = { ...options.placement, pin: options.pin };
  await Bun.write(options.json, `${JSON.stringify({ machine, placement, scale: options.scale, rows }, null, 2)}\n`);
}
// A partner that a failed suite left would keep the process; each is ended by its own suite otherwise.
process.exit(0);

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

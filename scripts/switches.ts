// `bun scripts/switches.ts docs/fastio.md …`: can the tests that a document names fail? Each must pass as it is, and fail
// when its row's switch turns the behaviour off in the debug build. `--sample N`: N of the rows.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root, type SwitchRow, switchRows } from "./switch-table.ts";

type Outcome = "passed" | "failed" | "skipped" | "absent" | "hung";

const hungMs = 30_000;

const reports = mkdtempSync(join(tmpdir(), "millrace-switches-"));
let runs = 0;

/** Runs some tests of a file, as they are or with a switch, and tells what each came to. */
async function outcomes(file: string, tests: readonly string[], off?: string): Promise<Map<string, Outcome>> {
  const report = join(reports, `${runs++}.xml`);
  const filter = ["-t", `(^| )(${tests.map((test) => RegExp.escape(test)).join("|")})$`];
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      file,
      "--timeout",
      off === undefined ? "60000" : "10000",
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...filter,
    ],
    {
      cwd: root,
      env: { ...process.env, MILLRACE_BUILD: "debug", MILLRACE_SWITCH: off },
      stdio: ["ignore", "ignore", "ignore"],
    },
  );
  // What a switch keeps from ending would keep everything.
  const limit = off === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), hungMs);
  await child.exited;
  clearTimeout(limit);
  if (off !== undefined && child.signalCode === "SIGKILL") return new Map(tests.map((test) => [test, "hung"]));
  const found = new Map<string, Outcome>();
  // A run that crashed wrote no report: every test is then absent.
  const text = (await Bun.file(report).exists()) ? readFileSync(report, "utf8") : "";
  for (const [, name, body] of text.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const outcome = body?.includes("<failure") ? "failed" : body?.includes("<skipped") ? "skipped" : "passed";
    found.set(unescapeXml(name!), outcome);
  }
  return found;
}

function unescapeXml(text: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'", "#10": "\n" };
  return text.replace(/&(lt|gt|quot|apos|#39|#10);/g, (_, name) => characters[name]!).replaceAll("&amp;", "&");
}

/** What is wrong with a row; undefined when its test passes without the switch and fails with it. */
async function fault(row: SwitchRow, before: Outcome): Promise<string | undefined> {
  if (before !== "passed") return `${before} without the switch`;
  const after = (await outcomes(row.file, [row.test], row.switch)).get(row.test) ?? "absent";
  return after === "failed" ? undefined : `${after} with the switch`;
}

/** `count` of the rows, evenly spaced; others for each state of the documents. */
function sampled(rows: readonly SwitchRow[], count: number): SwitchRow[] {
  const step = rows.length / Math.min(count, rows.length);
  const first = (Bun.hash.crc32(rows.map((row) => row.switch + row.test).join()) % 997) / 997;
  return Array.from({ length: Math.min(count, rows.length) }, (_, index) => rows[Math.floor((index + first) * step)]!);
}

/** `work` for each item, a few at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
}

const { values: flags, positionals: documents } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: "string" } },
});
const all = documents.flatMap((document) => {
  const path = relative(root, resolve(document));
  return switchRows(path, readFileSync(document, "utf8"));
});
const rows = flags.sample === undefined ? all : sampled(all, Number(flags.sample));
if (rows.length === 0) throw new Error("no rows: name documents with tables that have the columns Test and Switch");

const before = new Map<string, Map<string, Outcome>>();
await each([...Map.groupBy(rows, ({ file }) => file)], async ([file, own]) => {
  before.set(file, await outcomes(file, [...new Set(own.map(({ test }) => test))]));
});
let faults = 0;
let skipped = 0;
await each(rows, async (row) => {
  const plain = before.get(row.file)?.get(row.test) ?? "absent";
  const wrong = plain === "skipped" ? undefined : await fault(row, plain);
  if (wrong !== undefined) faults++;
  if (plain === "skipped") skipped++;
  const verdict = plain === "skipped" ? "skipped here" : (wrong ?? "fails as it should");
  console.log(`${row.at} ${row.switch}: ${verdict}${wrong === undefined ? "" : ` (${row.file} > ${row.test})`}`);
});
rmSync(reports, { recursive: true });
console.log(
  `${rows.length - faults - skipped} rows shown, ${faults} wrong${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exit(faults === 0 ? 0 : 1);

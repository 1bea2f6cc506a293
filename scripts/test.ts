// Runs the suites against the debug build, those that users' DOM globals could disturb a second time with happy-dom's
// registered, those of devices again through the Poplar shim over what looks like an SDK, and ends with what failed, said again, and
// one line that counts all.
// `--through-shim`: only these.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Unavailable } from "./poplar/compiler.ts";
import { buildLookAlike, shapes } from "./poplar/look-alike.ts";

const root = join(import.meta.dir, "..");
const withDom = ["test/tensor", "test/fastio", "test/runner"].filter((folder) => existsSync(join(root, folder)));
const withDevices = [
  "test/device",
  "test/session",
  ...["enqueue", "flow", "flush", "memory-pool", "queue-manager", "stop"].map((file) => `test/queue/${file}.test.ts`),
  "test/testing",
  "test/runner/deployment",
  "test/popef/compile/run.test.ts",
];
const totals = { pass: 0, fail: 0, skip: 0 };
const failures: string[] = [];

/** What the runner printed of each test that failed: from the line after the test before it, with its file's name. */
function failuresIn(output: string): string[] {
  const found: string[] = [];
  let file = "";
  let since: string[] = [];
  for (const line of output.split("\n")) {
    // The runner's own list of what failed follows.
    if (/^\d+ tests failed:$/.test(line)) break;
    if (/^\S+\.test\.tsx?:$/.test(line)) file = line;
    if (/^\((pass|skip|todo)\) /.test(line)) since = [];
    else since.push(line);
    if (!line.startsWith("(fail) ")) continue;
    found.push([file, ...since.filter((text) => text !== file)].join("\n"));
    since = [];
  }
  return found;
}

async function run(label: string, arguments_: string[], environment: Record<string, string> = {}): Promise<void> {
  console.log(`\n${label}`);
  const child = Bun.spawn([process.execPath, "test", "--timeout", "60000", ...arguments_], {
    cwd: root,
    env: { MILLRACE_BUILD: "debug", ...process.env, ...environment },
    stdout: "inherit",
    stderr: "pipe",
  });
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  const exit = await child.exited;
  let failed = 0;
  for (const kind of ["pass", "fail", "skip"] as const) {
    const count = Number(output.match(new RegExp(`^ *(\\d+) ${kind}$`, "m"))?.[1] ?? 0);
    totals[kind] += count;
    if (kind === "fail") failed = count;
  }
  const told = failuresIn(output);
  // A crash, or a file that does not load, is a failure that the runner's summary may not count.
  if (exit !== 0 && failed === 0) totals.fail++;
  if (exit !== 0 && told.length === 0) told.push(output.split("\n").slice(-40).join("\n"));
  failures.push(...told.map((text) => `${label}: ${text}`));
}

/** The driver's own suites, with the shim and a look-alike of an SDK between Millrace and the simulator. */
async function runThroughShim(): Promise<void> {
  for (const shape of shapes) {
    const label = `tests through the Poplar shim, SDK ${shape} look-alike`;
    try {
      const path = await buildLookAlike(shape, (process.env["MILLRACE_BUILD"] ?? "debug") === "debug");
      await run(label, withDevices, { MILLRACE_SIMULATOR: path });
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const missing = Bun.which(process.env["CXX"] || "g++") === null;
      console.log(`\n${label}: ${missing ? "skipped, " : ""}${error.message}`);
      // What does not compile is a failure; where nothing compiles there is nothing to test.
      if (!missing) totals.fail++;
    }
  }
}

const chosen = process.argv.slice(2);
if (chosen[0] === "--through-shim") {
  await runThroughShim();
} else {
  await run("tests", chosen);
  if (chosen.length === 0) {
    if (withDom.length > 0)
      await run("tests with happy-dom's globals", ["--preload", "./test/happy-dom.ts", ...withDom]);
    await runThroughShim();
  }
}

for (const failure of failures) console.log(`\n${failure}`);
console.log(`${totals.pass} passed, ${totals.fail} failed${totals.skip > 0 ? `, ${totals.skip} skipped` : ""}`);
process.exit(totals.fail === 0 && totals.pass > 0 ? 0 : 1);

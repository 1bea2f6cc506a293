// Runs the suites against the debug build, those that users' DOM globals could disturb a second time with happy-dom's
// registered, and ends with one line that counts both runs.
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const withDom = ["test/tensor", "test/fastio", "test/runner"].filter((folder) => existsSync(join(root, folder)));
const totals = { pass: 0, fail: 0, skip: 0 };

async function run(label: string, arguments_: string[]): Promise<void> {
  console.log(`\n${label}`);
  const child = Bun.spawn([process.execPath, "test", "--timeout", "60000", ...arguments_], {
    cwd: root,
    env: { MILLRACE_BUILD: "debug", ...process.env },
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
  // A crash, or a file that does not load, is a failure that the runner's summary may not count.
  if (exit !== 0 && failed === 0) totals.fail++;
}

const chosen = process.argv.slice(2);
await run("tests", chosen);
if (chosen.length === 0 && withDom.length > 0) {
  await run("tests with happy-dom's globals", ["--preload", "./test/happy-dom.ts", ...withDom]);
}

console.log(`${totals.pass} passed, ${totals.fail} failed${totals.skip > 0 ? `, ${totals.skip} skipped` : ""}`);
process.exit(totals.fail === 0 && totals.pass > 0 ? 0 : 1);

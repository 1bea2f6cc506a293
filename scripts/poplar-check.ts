// For someone who has an IPU: `bun scripts/poplar-check.ts model.popef`. Checks the SDK, builds the shim, lists devices, runs
// the model with random inputs, compares the runs, and leaves a report to send back. See docs/poplar.md.
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type DeviceDescription, DeviceManager } from "../src/device/index.ts";
import { Model } from "../src/popef/index.ts";
import { simulate } from "../src/testing/index.ts";
import { buildShim, shimPath } from "./poplar/build-shim.ts";
import { findCompiler } from "./poplar/compiler.ts";
import { popefFacts } from "./poplar/facts.ts";
import { buildLookAlike, type Shape, shapes } from "./poplar/look-alike.ts";
import { findSdk } from "./poplar/sdk.ts";
import { tryModel } from "./poplar/trial.ts";

const usage = `bun scripts/poplar-check.ts [options] [model.popef]
  --runs N         how often the model runs (3)
  --seed N         of the random inputs (1)
  --report FILE    where the report goes (millrace-poplar-report.json)
  --facts          only says what the file is made of; needs no SDK
  --look-alike N   with what looks like SDK 2 or 3 instead of an SDK, and simulated IPUs`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    report: { type: "string", default: "millrace-poplar-report.json" },
    facts: { type: "boolean", default: false },
    "look-alike": { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [path] = positionals;
const lookAlike = values["look-alike"];
const shape = shapes.find((known) => String(known) === lookAlike);
const wrong = positionals.length > 1 || (values.facts && path === undefined) || (lookAlike !== undefined && !shape);
if (values.help || wrong) {
  console.log(usage);
  process.exit(wrong ? 2 : 0);
}

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly found: unknown;
}
const steps: Step[] = [];

/** Does one thing and writes down what came of it; undefined when it failed. */
async function step<T>(
  name: string,
  work: () => T | Promise<T>,
  shown: (found: T) => readonly string[] = (found) => [typeof found === "string" ? found : JSON.stringify(found)],
): Promise<T | undefined> {
  try {
    const found = await work();
    steps.push({ step: name, ok: true, found });
    console.log(`ok      ${name}: ${shown(found).join("\n        ")}`);
    return found;
  } catch (error) {
    steps.push({ step: name, ok: false, found: String(error) });
    console.log(`failed  ${name}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Builds the shim for the SDK and makes it this process's driver. */
async function useSdk(): Promise<string | undefined> {
  const sdk = await step("SDK", () => findSdk());
  if (sdk === undefined || (await step("compiler", () => findCompiler())) === undefined) return undefined;
  return step("shim", async () => {
    await buildShim({ ...sdk, out: shimPath, runPath: sdk.lib });
    process.env["MILLRACE_POPLAR"] = shimPath;
    return shimPath;
  });
}

/** The same with a look-alike, on simulated IPUs. */
async function useLookAlike(version: Shape): Promise<string | undefined> {
  return step("look-alike", async () => {
    const out = await buildLookAlike(version, process.env["MILLRACE_BUILD"] === "debug");
    process.env["MILLRACE_SIMULATOR"] = out;
    return out;
  });
}

function lineOf(device: DeviceDescription): string {
  const { id, target, numIpus, tilesPerIpu, ipuVersion, supportsRemoteBuffers, heldBy } = device;
  const remote = supportsRemoteBuffers ? "remote buffers, " : "";
  return `${id}: ${target}, IPUs ${numIpus}, tiles ${tilesPerIpu}, ipu${ipuVersion}, ${remote}held by ${heldBy}`;
}

async function tryDevices(): Promise<void> {
  const manager = new DeviceManager();
  if ((await step("driver", () => manager.driver())) === undefined) return;
  await step(
    "devices",
    () => manager.devices(),
    (devices) => [`${devices.length}`, ...devices.map(lineOf)],
  );
  if (path === undefined) return;
  await step("run", async () => {
    using model = await Model.open(resolve(path));
    return await tryModel(manager, model, Number(values.runs), Number(values.seed));
  });
}

if (path !== undefined) {
  await step(
    "PopEF",
    () => popefFacts(resolve(path)),
    ({ first, description, executables }) => [
      first,
      ...description.trim().split("\n"),
      ...executables.map((one) => `executable "${one.name}", ${one.compressed ? "" : "not "}compressed: ${one.first}`),
    ],
  );
}
if (!values.facts) {
  const driver = shape === undefined ? await useSdk() : await useLookAlike(shape);
  using _simulation = driver !== undefined && shape !== undefined ? simulate({ ipus: 4 }) : undefined;
  if (driver !== undefined) await tryDevices();
}
const failed = steps.filter(({ ok }) => !ok);
const report = {
  millrace: (await Bun.file(join(import.meta.dir, "../package.json")).json()).version,
  bun: Bun.version,
  date: new Date().toISOString(),
  steps,
};
await Bun.write(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
console.log(`${steps.length - failed.length} of ${steps.length} steps ok; ${values.report} is the report to send back`);
process.exit(failed.length === 0 ? 0 : 1);

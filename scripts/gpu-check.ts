// For a machine with a GPU: does its driver do what is relied on, do arrays and images come out as on the host, and how fast
// is it? Leaves a report. `--pack` makes what a machine without compiler and network needs; see docs/cuda.md.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { nativeTarget } from "../src/native/platform.ts";

const usage = `bun scripts/gpu-check.ts [options]
  --driver PATH   the CUDA driver (MILLRACE_CUDA, or libcuda.so.1)
  --out DIR       where the reports go (OUT, or gpu-report)
  --scale N       how many samples the benchmarks take (1)
  --pack          only fill .gpu/: Bun, to be carried with native/ to the machine`;

const { values } = parseArgs({
  options: {
    driver: { type: "string" },
    out: { type: "string", default: process.env["OUT"] ?? "gpu-report" },
    scale: { type: "string", default: "1" },
    pack: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const root = resolve(import.meta.dir, "..");
const packed = join(root, ".gpu");
const debug = process.env["MILLRACE_BUILD"] === "debug" ? "-debug" : "";
const conformance = join(root, "native", `${nativeTarget()}${debug}`, "cuda-conformance");

if (values.pack) {
  pack();
  process.exit(0);
}

const out = resolve(values.out);
mkdirSync(out, { recursive: true });
const environment: Record<string, string | undefined> = { ...process.env };
if (values.driver !== undefined) environment["MILLRACE_CUDA"] = resolve(values.driver);

const results = [
  run("conformance", [conformance]),
  run("agreement", [process.execPath, join(import.meta.dir, "gpu", "agreement.ts")]),
  run("kernels", [process.execPath, "test", join(root, "test", "cuda", "kernels.test.ts")], { MILLRACE_TEST_GPU: "1" }),
  run("benchmarks", [
    process.execPath,
    join(root, "bench", "run.ts"),
    "gpu",
    "--json",
    join(out, "gpu.json"),
    "--scale",
    values.scale,
  ]),
];
const card = Bun.which("nvidia-smi") === null ? undefined : run("nvidia-smi", ["nvidia-smi"]);
const report = {
  driver: environment["MILLRACE_CUDA"] ?? "libcuda.so.1",
  ok: results.every(({ ok }) => ok),
  results,
  card,
};
writeFileSync(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
console.log(`${report.ok ? "ok" : "FAILED"}: ${join(out, "report.json")}`);
process.exit(report.ok ? 0 : 1);

interface Result {
  readonly step: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly output: readonly string[];
}

function run(step: string, command: readonly string[], more: Readonly<Record<string, string>> = {}): Result {
  const began = performance.now();
  const env = { ...environment, ...more };
  const ran = Bun.spawnSync([...command], { cwd: root, env, stdout: "pipe", stderr: "pipe" });
  const text = `${ran.stdout}${ran.stderr}`;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  console.log(`${ran.success ? "ok     " : "FAILED "} ${step} (${seconds} s)\n${text}`);
  return { step, ok: ran.success, seconds, output: text.trimEnd().split("\n") };
}

function pack(): void {
  mkdirSync(packed, { recursive: true });
  if (!existsSync(conformance)) throw new Error(`${conformance} is missing: run bun run setup first.`);
  const bun = Bun.file(process.execPath);
  const zipped = Bun.spawnSync(["gzip", "-9", "-c"], { stdin: bun, stdout: "pipe", maxBuffer: 1 << 30 });
  if (!zipped.success) throw new Error("gzip failed");
  writeFileSync(join(packed, "bun.gz"), zipped.stdout);
  console.log(`packed ${packed}; carry it and native/${nativeTarget()}, then run scripts/gpu-check.sh`);
}

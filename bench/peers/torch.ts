import { existsSync } from "node:fs";
import { runForStatistics } from "../native/program.ts";
import { unpinned } from "../placement.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const folder = `${import.meta.dir}/python`;
const venv = `${folder}/venv`;
/** A Python that has PyTorch already, for machines where it is installed. */
const variable = "MILLRACE_BENCH_PYTHON";

/** Durations of PyTorch's `buf[i].copy_(x)` on the CPU, batches of calls, or why there are none. */
export function measureTorchCopy(
  context: Context,
  shape: readonly number[],
  batch: number,
): Promise<Statistics | { readonly absent: string }> {
  const flags = { shape: shape.join(","), batch, runs: context.samples(400) };
  return run(context, "PyTorch, buf[i].copy_(x)", "append.py", flags);
}

/** Durations of a step on the GPU, see `gpu.py`, or why there are none. */
export async function measureTorchOnGpu(
  context: Context,
  step: "append" | "preprocess",
  batch: number,
): Promise<Statistics | { readonly absent: string }> {
  const python = await context.once("find torch", () => findPython(context));
  if ("absent" in python) return python;
  const ask = "import sys, torch; sys.exit(not torch.cuda.is_available())";
  const found = Bun.spawnSync([python.path, "-c", ask], { stdout: "ignore", stderr: "ignore" });
  if (!found.success) return { absent: "this PyTorch finds no GPU" };
  return run(context, `PyTorch on the GPU, ${step}`, "gpu.py", { step, batch, runs: context.samples(100) });
}

async function run(
  context: Context,
  what: string,
  script: string,
  flags: Readonly<Record<string, string | number>>,
): Promise<Statistics | { readonly absent: string }> {
  const python = await context.once("find torch", () => findPython(context));
  if ("absent" in python) return python;
  context.log(what);
  const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return runForStatistics([python.path, `${folder}/${script}`, ...given]);
}

async function findPython(context: Context): Promise<{ readonly path: string } | { readonly absent: string }> {
  const given = process.env[variable];
  for (const path of [given, `${venv}/bin/python`, Bun.which("python3")]) {
    if (path && hasTorch(path)) return { path };
  }
  if (!context.buildPeers) return { absent: `no Python with torch (pass --peers, or set ${variable})` };
  return install(context);
}

function hasTorch(python: string): boolean {
  if (!existsSync(python)) return false;
  return Bun.spawnSync([python, "-c", "import torch"], { stdout: "ignore", stderr: "ignore" }).success;
}

async function install(context: Context): Promise<{ readonly path: string } | { readonly absent: string }> {
  const python = Bun.which("python3");
  if (python === null) return { absent: "python3 is not installed" };
  context.log("installing torch into an environment of its own (some gigabytes the first time)");
  for (const command of [
    [python, "-m", "venv", venv],
    [`${venv}/bin/python`, "-m", "pip", "install", "--quiet", "torch", "numpy"],
  ]) {
    const child = Bun.spawn(unpinned(command), { stdout: "ignore", stderr: "pipe" });
    const [err, exit] = await Promise.all([child.stderr.text(), child.exited]);
    if (exit !== 0) return { absent: `${command.slice(1).join(" ")}: ${err.trim().split("\n").at(-1)}` };
  }
  return { path: `${venv}/bin/python` };
}

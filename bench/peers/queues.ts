import { existsSync } from "node:fs";
import { runForStatistics } from "../native/program.ts";
import { unpinned } from "../placement.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const folder = `${import.meta.dir}/rust`;
const program = `${folder}/target/release/millrace-bench-queues`;

export type Queue = "rtrb" | "rtrb-chunks" | "crossbeam";

/** Thousandths of a nanosecond a message, or why there is no figure. */
export async function measureQueue(
  context: Context,
  queue: Queue,
  bytes: number,
  size: { runs: number; messages: number },
): Promise<Statistics | { readonly absent: string }> {
  const absent = await context.once("build queues", () => prepare(context));
  if (absent !== undefined) return { absent };
  context.log(`${queue}, ${bytes} B`);
  const flags = { queue, bytes, ...size, cpus: context.placement.cpus.join(",") };
  return runForStatistics([program, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])]);
}

async function prepare(context: Context): Promise<string | undefined> {
  if (!context.buildPeers) return existsSync(program) ? undefined : "not built (pass --peers)";
  const cargo = Bun.which("cargo");
  if (cargo === null) return "cargo is not installed";
  context.log("building the peers rtrb and crossbeam");
  const build = Bun.spawn(unpinned([cargo, "build", "--release", "--locked", "--target-dir", `${folder}/target`]), {
    cwd: `${folder}/queues`,
    stdout: "ignore",
    stderr: "pipe",
  });
  const [err, exit] = await Promise.all([build.stderr.text(), build.exited]);
  return exit === 0 ? undefined : `cargo build ended with ${exit}: ${err.trim().split("\n").at(-1)}`;
}

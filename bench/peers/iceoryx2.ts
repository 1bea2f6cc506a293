import { existsSync } from "node:fs";
import { runForStatistics } from "../native/program.ts";
import { unpinned } from "../placement.ts";
import type { Statistics } from "../statistics.ts";
import type { Context } from "../suite.ts";

const folder = `${import.meta.dir}/rust`;
const program = `${folder}/target/release/millrace-bench-iceoryx2`;

export interface Iceoryx2 {
  /** 64 bytes written before each send and read after each receive. */
  readonly written: Statistics;
  /** A loaned sample handed over with nothing but its sequence number in it. */
  readonly untouched: Statistics;
}

/** One-way times of iceoryx2 publish-subscribe between two processes that busy wait, or why there are none. */
export function measureIceoryx2(context: Context, bytes = 64): Promise<Iceoryx2 | { readonly absent: string }> {
  return context.once(`iceoryx2 ${bytes}`, async () => {
    const missing = await prepare(context);
    if (missing !== undefined) return { absent: missing };
    const flags = {
      iterations: context.samples(1_000_000),
      warmup: context.samples(100_000),
      bytes,
      cpus: context.placement.cpus.join(","),
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
    context.log(`iceoryx2, ${bytes} B`);
    return {
      written: await runForStatistics([program, ...args]),
      untouched: await runForStatistics([program, ...args, "--untouched"]),
    };
  });
}

async function prepare(context: Context): Promise<string | undefined> {
  if (!context.buildPeers) return existsSync(program) ? undefined : "not built (pass --peers)";
  const cargo = Bun.which("cargo");
  if (cargo === null) return "cargo is not installed";
  context.log("building the iceoryx2 peer (one to two minutes the first time)");
  const build = Bun.spawn(unpinned([cargo, "build", "--release", "--locked", "--target-dir", `${folder}/target`]), {
    cwd: folder,
    stdout: "ignore",
    stderr: "pipe",
  });
  const [err, exit] = await Promise.all([build.stderr.text(), build.exited]);
  return exit === 0 ? undefined : `cargo build ended with ${exit}: ${err.trim().split("\n").at(-1)}`;
}

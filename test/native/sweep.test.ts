import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endedWell, runChild, SharedMemory } from "./child.ts";

const calls = process.env["MILLRACE_FUZZ"] ?? "10000";
const seed = process.env["MILLRACE_FUZZ_SEED"] ?? "1";

test(
  `${calls} calls with good and bad handles and integers each return, with an error code or a result, and nothing is left open`,
  async () => {
    using memory = new SharedMemory();
    const trace = join(memory.dir, "trace");
    const ended = await runChild("sweep/main.ts", {
      MILLRACE_FUZZ: calls,
      MILLRACE_FUZZ_SEED: seed,
      MILLRACE_FUZZ_TRACE: trace,
      MILLRACE_SHM_DIR: memory.dir,
    });
    if (ended.exit !== 0) console.error(`seed ${seed}: ${ended.stderr}\nlast call: ${readFileSync(trace, "utf8")}`);
    expect(ended).toMatchObject(endedWell);
    expect(JSON.parse(ended.stdout)).toMatchObject({ never: [] });
    expect(memory.left).toEqual(["trace"]);
  },
  { timeout: 120_000 + Number(calls) * 5 },
);

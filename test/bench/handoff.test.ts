import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Row } from "../../bench/row.ts";
import { nativeFolder } from "../../src/native/library-path.ts";
import { cudaSimulatorName, nativeTarget } from "../../src/native/platform.ts";
import { run } from "../examples/demo.ts";
import { Place } from "../fastio/job.ts";

const program = join(import.meta.dir, "programs/handoff.ts");

async function rowsOn(driver: string): Promise<Row[]> {
  using place = new Place();
  const env = { ...process.env, MILLRACE_CUDA: driver, MILLRACE_SHM_DIR: place.dir };
  const ended = await run([process.execPath, program], env);
  expect([ended.exit, ended.stderr]).toEqual([0, ""]);
  return JSON.parse(ended.stdout) as Row[];
}

test("the hand-off of GPU tensors is measured at every size, and is never a GPU's when the GPU is simulated", async () => {
  const rows = await rowsOn(join(nativeFolder("bench"), cudaSimulatorName(nativeTarget())));
  expect(rows.map(({ name }) => name.split(", ").slice(1))).toEqual([
    ["simulated", "64 KiB"],
    ["simulated", "1024 KiB"],
    ["simulated", "65536 KiB"],
    ["simulated", "the same at every size"],
  ]);
  for (const { value, n, note } of rows) {
    expect(value).toBeGreaterThan(0);
    expect(n).toBe(10);
    expect(note).toContain("simulated GPU");
  }
}, 60_000);

test("without a GPU there is one row, without a value", async () => {
  const rows = await rowsOn("/nowhere/libcuda.so.1");
  expect(rows).toMatchObject([{ value: null, note: "no GPU" }]);
});

import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeFolder } from "../../src/native/library-path.ts";

const root = join(import.meta.dir, "../..");

test("the check for a machine with a GPU passes on the simulated driver, and reports every step", async () => {
  const out = mkdtempSync(join(tmpdir(), "millrace-gpu-check-"));
  try {
    const driver = join(nativeFolder("test"), "libmillrace-sim-cuda.so");
    const flags = ["--driver", driver, "--out", out, "--scale", "0.01"];
    const child = Bun.spawn([process.execPath, join(root, "scripts/gpu-check.ts"), ...flags], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const text = await child.stdout.text();
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
    expect(report.results.map(({ step, ok }: { step: string; ok: boolean }) => [step, ok])).toEqual([
      ["conformance", true],
      ["agreement", true],
      ["kernels", true],
      ["benchmarks", true],
    ]);
    expect([await child.exited, text.includes("0 failed")]).toEqual([0, true]);
    const { rows } = JSON.parse(readFileSync(join(out, "gpu.json"), "utf8"));
    expect(rows.filter((row: { value: number | null }) => row.value === null)).toEqual([]);
    expect(rows.length).toBeGreaterThan(8);
  } finally {
    rmSync(out, { recursive: true });
  }
}, 300_000);

test("without a GPU the benchmarks have rows that say so, and no times", async () => {
  const out = mkdtempSync(join(tmpdir(), "millrace-gpu-check-"));
  try {
    const json = join(out, "gpu.json");
    const child = Bun.spawn([process.execPath, join(root, "bench/run.ts"), "gpu", "--json", json], {
      env: { ...process.env, MILLRACE_CUDA: join(out, "no-driver.so") },
      stdout: "ignore",
      stderr: "pipe",
    });
    expect([await child.exited, await child.stderr.text()]).toEqual([0, "gpu\n"]);
    const { rows } = JSON.parse(readFileSync(json, "utf8"));
    for (const row of rows)
      expect([row.value, row.met, row.note]).toEqual([null, null, expect.stringContaining("no GPU")]);
    expect(rows.length).toBeGreaterThan(4);
  } finally {
    rmSync(out, { recursive: true });
  }
});

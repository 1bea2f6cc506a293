import { expect, test } from "bun:test";
import { nativeFolder } from "../../src/native/library-path.ts";
import { cudaSimulatorName, nativeTarget } from "../../src/native/platform.ts";

const folder = nativeFolder("test");

// `cuda-conformance` without an argument asks the machine's own driver, where there is one.
test("the simulated CUDA driver does what is relied on, row by row, and leaves nothing open", async () => {
  const child = Bun.spawn([`${folder}/cuda-conformance`, `${folder}/${cudaSimulatorName(nativeTarget())}`], {
    stderr: "inherit",
  });
  const lines = (await new Response(child.stdout).text()).split("\n");
  expect(lines.filter((line) => line.startsWith("FAILED"))).toEqual([]);
  expect(await child.exited).toBe(0);
  expect(lines.filter((line) => line.startsWith("passed")).length).toBeGreaterThan(60);
});

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { nativeFolder } from "../../src/native/library-path.ts";
import { cudaSimulatorName, nativeTarget } from "../../src/native/platform.ts";
import { type Ended, endedWell, runChild } from "../native/child.ts";

const library = join(nativeFolder("test"), cudaSimulatorName(nativeTarget()));

function leave(argument: string, environment: Record<string, string> = {}): Promise<Ended> {
  return runChild(`../testing/leaving-gpu.ts`, { MILLRACE_CUDA: library, ...environment }, [], [argument]);
}

describe("a process that MILLRACE_CUDA gives the simulated driver", () => {
  test("says what it leaves open when it ends", async () => {
    const ended = await leave("open");
    expect(ended).toMatchObject(endedWell);
    expect(ended.stderr).toContain("left open at exit: contexts 1, device_memory 1, device_memory_bytes 1000");
  });

  test("says nothing when it has closed everything", async () => {
    expect(await leave("close")).toMatchObject({ ...endedWell, stderr: "" });
  });

  test("has as many GPUs as MILLRACE_SIM_CUDA_DEVICES says", async () => {
    expect((await leave("close")).stdout).toBe("1\n");
    expect((await leave("close", { MILLRACE_SIM_CUDA_DEVICES: "3" })).stdout).toBe("3\n");
  });
});

import { describe, expect, test } from "bun:test";
import { endedWell, runChild, SharedMemory } from "./child.ts";

describe("a process", () => {
  test.each([
    "imported",
    "a tensor memory open",
    "a context and an allocation open",
    "waits that have ended",
    "a wait that was aborted",
  ])("with %s ends by itself and leaves nothing in shared memory", async (state) => {
    using memory = new SharedMemory();
    const ended = await runChild("programs/alive.ts", { STATE: state, MILLRACE_SHM_DIR: memory.dir });
    expect(ended).toEqual({ ...endedWell, stdout: "", stderr: "" });
    expect(memory.left).toEqual([]);
  });

  test("stays for a pending wait, and ends after it", async () => {
    using memory = new SharedMemory();
    const state = "a wait for what another thread publishes";
    const ended = await runChild("programs/alive.ts", { STATE: state, MILLRACE_SHM_DIR: memory.dir });
    expect(ended).toEqual({ ...endedWell, stdout: "got 1\n", stderr: "" });
    expect(memory.left).toEqual([]);
  });
});

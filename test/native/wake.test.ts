import { expect, test } from "bun:test";
import { endedWell, runChild, SharedMemory } from "./child.ts";

test("the wake socket has no file, turns foreign processes away, takes its own thread, and lets it sleep", async () => {
  using memory = new SharedMemory();
  const ended = await runChild("programs/besieged.ts", { MILLRACE_SHM_DIR: memory.dir });
  expect(ended).toMatchObject({ ...endedWell, stderr: "" });
  expect(JSON.parse(ended.stdout)).toEqual({
    abstract: true,
    connected: "connected",
    foreign: 0,
    turnedAway: "turned away",
    accepted: 1,
    spun: false,
    found: 7,
  });
  expect(memory.left).toEqual([]);
});

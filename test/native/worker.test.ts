import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { endedWell, runChild, SharedMemory } from "./child.ts";

const waits = [
  "waitFor",
  "createAsync",
  "create",
  "get",
  "open and close",
  "load",
  "execute",
  "execute behind another",
  "executeAsync",
  "close",
  "session that waits",
  "session with callbacks",
  "session on the event loop",
];
const rounds = process.env["MILLRACE_ROUNDS"] ?? "5";
const model = join(import.meta.dir, "../fixtures/models/slow-steps.onnx");

describe(`a Worker that is terminated, ${rounds} times`, () => {
  test.each(waits)(
    "in %s leaves nothing open, and others go on",
    async (wait) => {
      using memory = new SharedMemory();
      const environment = { WAIT: wait, ROUNDS: rounds, MODEL: model, MILLRACE_SHM_DIR: memory.dir };
      const ended = await runChild("programs/terminate.ts", environment);
      expect(ended).toEqual({ ...endedWell, stdout: "[0,0,0,0]\n", stderr: "" });
      expect(memory.left).toEqual([]);
    },
    60_000 + Number(rounds) * 2_000,
  );
});

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { digits, run, SharedMemory } from "./demo.ts";

const timeoutMs = 60_000;

describe("the digits example from a PopEF file that compileOnnx wrote", () => {
  test.each([1, 2])(
    "reads the held-out digits on simulated IPUs as the ONNX model does, with %i replicas",
    async (replicas) => {
      using memory = new SharedMemory();
      const path = join(memory.dir, "digits.popef");
      const compiled = await run([process.execPath, join(digits, "compile.ts"), path, `${replicas}`], memory.env);
      expect([compiled.exit, compiled.stderr]).toEqual([0, ""]);
      expect(compiled.stdout).toContain(`input image, F32 ${replicas === 1 ? "[9,1,8,8]" : "[2,9,1,8,8]"}`);
      const ended = await run([process.execPath, join(digits, "ipu.ts"), path], memory.env);
      expect(ended).toMatchObject({
        exit: 0,
        stderr: "",
        stdout: `replicas: ${replicas}, iterations in a run: 5\naccuracy: 99.6 %, 448 of 450\n`,
      });
    },
    timeoutMs,
  );
});

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { nativeTarget } from "../../src/native/platform.ts";
import { runChild } from "./child.ts";

const model = join(import.meta.dir, "../fixtures/models/identity-float32.onnx");

describe("the log", () => {
  test("MILLRACE_LOG prints one line for the library and one for the engine, however often they are chosen", async () => {
    const { stderr } = await runChild("programs/choose.ts", { MILLRACE_LOG: "1", MODEL: model });
    const lines = stderr.trim().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`^millrace info: native library .*/${nativeTarget()}-debug/libmillrace.so: the debug build`),
      ),
      expect.stringMatching(/^millrace info: ONNX Runtime 1\.\d+\.\d+: .*libonnxruntime/),
    ]);
  });

  test("says nothing unless asked", async () => {
    const { stderr } = await runChild("programs/choose.ts", { MILLRACE_LOG: undefined, MODEL: model });
    expect(stderr).toBe("");
  });

  test("onLog hears of choices made before it listened, of later ones once, and nothing after it is taken back", async () => {
    const { stdout } = await runChild("programs/choose.ts", { MILLRACE_LOG: undefined, MODEL: model });
    const heard = JSON.parse(stdout) as { level: string; message: string }[];
    expect(heard.map((line) => line.level)).toEqual(["info", "info"]);
    expect(heard[0]!.message).toContain("native library");
    expect(heard[1]!.message).toContain("ONNX Runtime");
  });
});

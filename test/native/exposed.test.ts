import { expect, test } from "bun:test";
import { join } from "node:path";
import { endedWell, runChild, SharedMemory } from "./child.ts";

const model = join(import.meta.dir, "../fixtures/models/dynamic.onnx");

test("every exposed buffer may be moved, cloned, posted, resized or be in use while its owner closes", async () => {
  using memory = new SharedMemory();
  const ended = await runChild("programs/abuse.ts", { MODEL: model, MILLRACE_SHM_DIR: memory.dir });
  expect(ended).toMatchObject({ ...endedWell, stderr: "" });
  expect(JSON.parse(ended.stdout)).toEqual({ wrong: [], live: [0, 0] });
  expect(memory.left).toEqual(["file"]);
}, 180_000);

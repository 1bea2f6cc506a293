import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Scratch } from "./scratch.ts";

// Each test starts processes, and the machine may be busy with others.
setDefaultTimeout(60_000);

const text = `operators:
- name: upper
  command: bun write-stream.ts
  input: [{ type: stream, element-type: text }]
  output: [{ name: text, type: stream, element-type: text }]
- name: show
  command: [bun, tell.ts]
  input: [{ from: upper, name: text, type: stream, element-type: text }]
`;

function payloadIn(dir: string): string {
  const payload = join(dir, "payload");
  mkdirSync(payload);
  writeFileSync(join(payload, "in.txt"), "quiet");
  return payload;
}

test("a stream goes from the payload through an operator to the next one, and temporary directories go with the run", async () => {
  using scratch = new Scratch();
  const payload = payloadIn(scratch.dir);
  const { operators } = await scratch.pipeline(text).run({ payload });
  expect(operators.map(({ error }) => error)).toEqual([undefined, undefined]);
  const { streams } = JSON.parse(scratch.stdout.lines[0]?.split(" | ")[1] ?? "");
  expect(streams).toEqual([{ name: "text", path: expect.stringMatching(/\/upper\/text$/) }]);
  expect(existsSync(streams[0].path)).toBe(false);
});

test("streams stay where the pipeline is told to keep them", async () => {
  using scratch = new Scratch();
  const payload = payloadIn(scratch.dir);
  const streamsDir = join(scratch.dir, "kept");
  await scratch.pipeline(text, { streamsDir }).run({ payload });
  expect(await Bun.file(join(streamsDir, "upper", "text", "copy.txt")).text()).toBe("QUIET");
});

test("a pipeline that reads a payload is not started without one", async () => {
  using scratch = new Scratch();
  const error = await scratch
    .pipeline(text)
    .run()
    .catch((reason) => reason);
  expect(error).toMatchObject({ code: "invalid_argument", message: expect.stringContaining('operator "upper"') });
  expect(scratch.stderr.text).toBe("");
});

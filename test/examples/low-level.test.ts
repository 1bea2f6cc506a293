import { expect, test } from "bun:test";
import { join } from "node:path";
import { root, run } from "./demo.ts";

const example = (name: string) => join(root, "examples/low-level", name);

test.each([
  ["callbacks.ts", "28 batches of 16: 446 of 448 digits read correctly\n"],
  ["queues.ts", "15 requests, batches of 16: 448 of 450 digits read correctly\n"],
])(
  "examples/low-level/%s reads the digits as well as the model can",
  async (name, output) => {
    const ended = await run([process.execPath, example(name)], process.env);
    expect([ended.exit, ended.stdout, ended.stderr]).toEqual([0, output, ""]);
  },
  60_000,
);

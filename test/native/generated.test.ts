import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { generated } from "../../scripts/build.ts";

test("the committed bindings and error reference are what the native sources say", async () => {
  for (const [path, text] of Object.entries(await generated())) expect(readFileSync(path, "utf8")).toBe(text);
});

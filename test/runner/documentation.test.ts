import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "../../src/native/bindings.generated.ts";
import { ModelRunner } from "../../src/runner/index.ts";

const root = join(import.meta.dir, "../..");
const text = readFileSync(join(root, "docs/runner.md"), "utf8");

test("the example of docs/runner.md does what its comments say", async () => {
  const example = text.match(/```ts\n(.*?)```/s)![1]!;
  const body = new Bun.Transpiler({ loader: "ts", target: "bun" })
    .transformSync(example.replace(/^import .*$/m, "").replace("await using digits", "const digits"))
    .replace("examples/digits", join(root, "examples/digits"));
  const run = new Function("ModelRunner", `return (async () => { ${body}; return { digits, logits }; })();`);
  const { digits, logits } = await (run(ModelRunner) as Promise<{ digits: ModelRunner; logits: { shape: number[] } }>);
  expect(logits.shape).toEqual([2, 10]);
  await digits.close();
});

test("docs/runner.md names error codes that exist", () => {
  const table = text.match(/^## Errors$(.*?)^## /ms)![1]!;
  const named = [...table.matchAll(/`([a-z]+_[a-z_]+|closed|deadline)`/g)].map(([, code]) => code!);
  expect(named.length).toBeGreaterThan(10);
  for (const code of named) expect(Object.keys(errorTable)).toContain(code);
});

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeviceManager } from "../../src/device/index.ts";
import { errorTable } from "../../src/native/bindings.generated.ts";
import { compileOnnx } from "../../src/popef/index.ts";
import { Session } from "../../src/session/index.ts";

const root = join(import.meta.dir, "../..");
const text = readFileSync(join(root, "docs/queue.md"), "utf8");

test("the example of docs/queue.md does what its comments say", async () => {
  const example = text.match(/```ts\n(.*?)```/s)![1]!;
  const body = new Bun.Transpiler({ loader: "ts", target: "bun" })
    .transformSync(example.replace(/^import .*$/gm, "").replace(/^(await )?using /gm, "const "))
    .replace("examples/digits", join(root, "examples/digits"));
  const names = "return { logits, session, device, model };";
  const run = new Function("DeviceManager", "compileOnnx", "Session", `return (async () => { ${body}; ${names} })();`);
  const { logits, session, device, model } = await run(DeviceManager, compileOnnx, Session);
  expect(logits).toHaveLength(30);
  expect(session.isStopped()).toBe(true);
  await session.close();
  device.close();
  model.close();
});

test("docs/queue.md names error codes that exist", () => {
  const table = text.slice(text.indexOf("## Errors"));
  const named = [...table.matchAll(/`([a-z]+_[a-z_]+|closed|deadline|stopped|busy|invalidated)`/g)].map(
    ([, code]) => code!,
  );
  expect(named.length).toBeGreaterThan(12);
  for (const code of named) expect(Object.keys(errorTable)).toContain(code);
});

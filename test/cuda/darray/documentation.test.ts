import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DArray, DImage } from "../../../src/cuda/darray/index.ts";
import { errorTable } from "../../../src/native/bindings.generated.ts";

const text = readFileSync(join(import.meta.dir, "../../../docs/darray.md"), "utf8");

test("the example of docs/darray.md does what its comments say", () => {
  const example = text.match(/```ts\n(.*?)```/s)![1]!;
  const body = new Bun.Transpiler({ loader: "ts", target: "bun" }).transformSync(
    example.replace(/^import .*$/m, "").replaceAll("using ", "const "),
  );
  const run = new Function("DArray", "DImage", `${body}; return { a, row, input };`);
  const { a, row, input } = run(DArray, DImage) as { a: DArray; row: DArray; input: DImage };
  expect(Array.from(row.toHost() as Float32Array)).toEqual([30, 20, 10]);
  expect(a.toHost()).toEqual(Float32Array.of(10, 20, 30, 4, 5, 6));
  expect(input).toMatchObject({ shape: [1, 3, 2, 3], dtype: "float32", color: "rgb" });
  expect(input.toHost()).toEqual(new Float32Array(18).fill(1));
});

test("docs/darray.md names error codes that exist, and members that arrays and images have", () => {
  const errors = text.match(/^## Errors$(.*)/ms)![1]!;
  const named = [...errors.matchAll(/`([a-z]+_[a-z_]+|closed)`/g)].map(([, code]) => code!);
  expect(named.length).toBeGreaterThan(9);
  for (const code of named) expect(Object.keys(errorTable)).toContain(code);
  const members = (section: string) =>
    [...text.match(new RegExp(`^## ${section}$(.*?)^## `, "ms"))![1]!.matchAll(/^\| (`.*?) \|/gm)]
      .flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)[(`]/g)])
      .map(([, name]) => name!);
  const image = new DImage({ shape: [2, 2] });
  expect(members("Views and operations").length).toBeGreaterThan(12);
  for (const name of members("Views and operations")) expect(name in image).toBe(true);
  expect(members("Images").length).toBeGreaterThan(6);
  for (const name of members("Images")) expect(name in image).toBe(true);
});

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asTensor, convert, type ElementType, elementTypes, Shape, TensorMemory } from "../../src/tensor/index.ts";

const text = readFileSync(join(import.meta.dir, "../../docs/tensor.md"), "utf8");

test("docs/tensor.md lists every element type as it is", () => {
  const rows = text.split("\n").filter((line) => /^\| `(bool|u?int|b?float)/.test(line));
  const cells = rows.map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  expect(cells).toHaveLength(17);
  for (const [, name, bytes, array, numpy, popef, onnx, clara] of cells) {
    const type = elementTypes[name!.slice(1, -1) as "bool"] as ElementType;
    expect({ bytes, popef, onnx, clara }).toEqual({
      bytes: String(type.size),
      popef: type.popef ?? "",
      onnx: `${type.onnx} ${type.code}`,
      clara: type.clara ?? "",
    });
    expect(array).toStartWith(`\`${type.arrayType.name}\``);
    expect(numpy).toBe(/^[<|]/.test(type.numpy) ? `\`${type.numpy.replace("|", "\\|")}\`` : "(ml_dtypes)");
  }
});

test("the example of docs/tensor.md does what its comments say", () => {
  const example = text.match(/```ts\n(.*?)```/s)![1]!;
  const body = new Bun.Transpiler({ loader: "ts", target: "bun" })
    .transformSync(example.replace(/^import .*$/m, "").replace("using memory", "const memory"))
    .replaceAll("export ", "");
  const run = new Function("asTensor", "convert", "Shape", "TensorMemory", `${body}; return { tensor, memory };`);
  const { tensor, memory } = run(asTensor, convert, Shape, TensorMemory);
  using _closed = memory as TensorMemory;
  expect(tensor.shape).toEqual([1, 8, 8]);
  expect(Shape.strides(tensor.shape)).toEqual([64, 8, 1]);
  expect(memory.getView().as("float32")[63]).toBe(63);
});

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type CompileOptions, compileOnnx } from "../../../src/popef/index.ts";
import { failsWith } from "../../fastio/fails-with.ts";
import { anchorsOf } from "./decoded.ts";
import { model, node, types, value } from "./onnx.ts";

const models = join(import.meta.dir, "../../fixtures/models");

async function anchors(onnx: string | Uint8Array, options: CompileOptions): Promise<string[]> {
  using compiled = await compileOnnx(typeof onnx === "string" ? join(models, onnx) : onnx, options);
  return anchorsOf(compiled);
}

/** z = x + y */
const sum = (x: (number | string | undefined)[] | undefined, y: (number | string | undefined)[] | undefined) =>
  model({
    nodes: [node("Add", ["x", "y"], ["z"])],
    inputs: [value("x", types.float, x), value("y", types.float, y)],
    outputs: [value("z", types.float, undefined)],
  });

describe("open axes", () => {
  test("the batch axis gets batchSize, in inputs and outputs", async () => {
    expect(await anchors("batch.onnx", { batchSize: 16 })).toEqual([
      "input h2d_x F32 [16,4]",
      "output anchor_d2h_y F32 [16,3]",
    ]);
  });

  test("the batch is 1 unless given", async () => {
    expect(await anchors("batch.onnx", {})).toEqual(["input h2d_x F32 [1,4]", "output anchor_d2h_y F32 [1,3]"]);
  });

  test("batchingDim says which axis is the batch", async () => {
    const options = { batchSize: 5, batchingDim: 1, axes: { batch: 2 } };
    expect(await anchors("dynamic.onnx", options)).toEqual([
      "input h2d_x F32 [2,5]",
      "output anchor_d2h_doubled F32 [2,5]",
      "output anchor_d2h_row_sum F32 [2]",
    ]);
  });

  const cases: [string, Uint8Array, CompileOptions, string][] = [
    ["one name is one size", sum(["n", "k"], ["n", "k"]), { axes: { n: 3, k: 2 } }, "[3,2] [3,2] [3,2]"],
    [
      "an axis without a name is one of its own",
      sum([undefined, 2], [undefined, 2]),
      { batchSize: 4 },
      "[4,2] [4,2] [4,2]",
    ],
    ["-1 is no size", sum([-1, 2], [1, 2]), { batchSize: 4 }, "[4,2] [1,2] [4,2]"],
    ["whole shapes", sum(["n", "k"], [1, "k"]), { inputs: { x: [4, 3] } }, "[4,3] [1,3] [4,3]"],
    ["shapes of inputs of any rank", sum(undefined, [3]), { inputs: { x: [4, 3] } }, "[4,3] [3] [4,3]"],
    ["a fixed batch of the right size", sum([4, 3], [4, 3]), { batchSize: 4 }, "[4,3] [4,3] [4,3]"],
    ["inputs without that axis, and others of fixed size", sum(["n", 3], []), { batchSize: 4 }, "[4,3] [] [4,3]"],
    ["an axis of 0", sum(["n", 3], [3]), { axes: { n: 0 } }, "[0,3] [3] [0,3]"],
  ];
  test.each(cases)("%s", async (_what, onnx, options, shapes) => {
    const found = await anchors(onnx, options);
    expect(found.map((anchor) => anchor.split("F32 ")[1]).join(" ")).toBe(shapes);
  });

  const refusals: [string, Uint8Array, CompileOptions, string, string][] = [
    ["a fixed batch of another size", sum([4, 3], [4, 3]), { batchSize: 2 }, "wrong_batching", '"x" has 4, "y" has 4'],
    ["a batch where no input has that axis", sum([], []), { batchSize: 2 }, "wrong_batching", "no input has an axis"],
    ["an axis that stays open", sum(["n", "k"], ["n", 1]), {}, "dynamic_shape", '"x" [1,k]'],
    ["an input of any rank", sum(undefined, [1]), {}, "dynamic_shape", '"x" of any rank'],
    ["a shape of another rank", sum([2, "k"], [1]), { inputs: { x: [2] } }, "wrong_shape", "[2,k], not [2]"],
    [
      "a shape with another fixed axis",
      sum([2, "k"], [1]),
      { inputs: { x: [3, 1] } },
      "wrong_shape",
      "[2,k], not [3,1]",
    ],
    [
      "two sizes for one name",
      sum(["n"], ["n"]),
      { inputs: { x: [2], y: [3] } },
      "wrong_shape",
      '"n" cannot be 2 and 3',
    ],
    ["a shape of no input", sum([1], [1]), { inputs: { w: [1] } }, "unknown_input", '"x", "y"'],
    ["an axis that has no such name", sum(["n"], [1]), { axes: { m: 1 } }, "invalid_argument", '"n"'],
    ["an axis of no size", sum(["n"], [1]), { axes: { n: -1 } }, "invalid_argument", "-1"],
    ["a batch of 0", sum(["n"], [1]), { batchSize: 0 }, "invalid_argument", "batchSize"],
  ];
  test.each(refusals)("%s is refused", async (_what, onnx, options, code, words) => {
    await expect(compileOnnx(onnx, options)).rejects.toEqual(failsWith(code, words));
  });

  test.each([
    ["nonzero.onnx", { axes: { n: 4 } }, "dynamic_shape", '"indices"'],
    ["string.onnx", {}, "unsupported_type", '"x"'],
    ["sequence-input.onnx", {}, "unsupported_type", '"parts"'],
    ["sequence-output.onnx", {}, "unsupported_type", '"parts"'],
    ["identity-bfloat16.onnx", {}, "unsupported_type", "bfloat16"],
    ["int4.onnx", {}, "unsupported_type", '"x"'],
    ["unknown-operator.onnx", {}, "invalid_model", "MillraceNoSuchOperator"],
    ["truncated.onnx", {}, "invalid_model", "truncated.onnx is no ONNX model"],
    ["empty.onnx", {}, "invalid_model", "no graph"],
    ["no-such.onnx", {}, "file_not_found", "no-such.onnx"],
  ])("%s cannot be compiled, and the error says why", async (file, options, code, words) => {
    await expect(compileOnnx(join(models, file), options)).rejects.toEqual(failsWith(code, words));
  });

  test.each([[42], [""], [null]])("%p is no model", async (onnx) => {
    await expect(compileOnnx(onnx as never)).rejects.toEqual(failsWith("invalid_argument", "neither a path nor"));
  });
});

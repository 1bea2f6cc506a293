import { describe, expect, test } from "bun:test";
import { checkExecutable } from "../../../src/popef/executable/index.ts";
import { type PreprocessModelOptions, preprocessModel } from "../../../src/popef/index.ts";
import { failure } from "../../runner/fixture.ts";

const input = { width: 8, height: 6 };

describe("a preprocessing model", () => {
  test("has one main program: inputs, one kernel, the output", () => {
    using model = preprocessModel({ input, batchSize: 2, boxes: true, size: { width: 4, height: 2 } });
    const { plan } = checkExecutable(model.executable.data.bytes());
    expect(plan.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ["image", [2, 6, 8, 3]],
      ["boxes", [2, 4]],
      ["images", [2, 3, 2, 4]],
    ]);
    expect(plan.programs[0]!.steps.map(([step]) => step)).toEqual([
      "sync",
      "toTensor",
      "toTensor",
      "kernel",
      "sync",
      "toStream",
    ]);
    expect(model.metadata.anchors.map(({ name, tensorInfo }) => [name, tensorInfo.dtype])).toEqual([
      ["image", "uint8"],
      ["boxes", "int32"],
      ["images", "float32"],
    ]);
  });

  test("is called by what it does, or as its name says", () => {
    const nameOf = (options: Partial<PreprocessModelOptions>) => {
      using model = preprocessModel({ input, ...options });
      return model.metadata.executable;
    };
    expect(nameOf({})).toBe(nameOf({}));
    expect(nameOf({})).not.toBe(nameOf({ normalize: "tf" }));
    expect(nameOf({ name: "frames" })).toBe("frames");
  });

  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript may pass.
  const wrong: [string, any, string, string][] = [
    ["no width", { input: { height: 6 } }, "invalid_argument", "input.width"],
    ["a size of 0", { size: { width: 0, height: 4 } }, "invalid_argument", "size.width"],
    ["a batch of half an image", { batchSize: 0.5 }, "invalid_argument", "batchSize"],
    ["an unknown colour", { color: "yuv" }, "invalid_argument", '"yuv"'],
    ["an unknown layout", { layout: "CHW" }, "invalid_argument", '"CHW"'],
    ["an unknown interpolation", { interpolation: "cubic" }, "invalid_argument", '"cubic"'],
    ["an unknown normalization", { normalize: "255" }, "invalid_argument", '"255"'],
    ["a mean without meanStd", { mean: [1, 2, 3] }, "invalid_argument", "meanStd"],
    ["no deviation", { normalize: "meanStd", mean: [1, 2, 3] }, "invalid_argument", "std is missing"],
    ["a deviation of 0", { normalize: "meanStd", mean: [1, 2, 3], std: [1, 0, 1] }, "invalid_argument", "std is 0"],
    ["too few means", { normalize: "meanStd", mean: [1], std: [1, 1, 1] }, "invalid_argument", "3 channels"],
    ["padding that is no number", { padding: Number.NaN }, "invalid_argument", "padding"],
    ["a type that PopEF lacks", { dtype: "bfloat16" }, "unsupported_type", "bfloat16"],
    ["a type that there is not", { dtype: "float12" }, "invalid_dtype", "float12"],
  ];
  test.each(wrong)("is refused for %s", (_name, options, code, words) => {
    expect(() => preprocessModel({ input, ...options })).toThrow(failure(code, words) as Error);
  });
});

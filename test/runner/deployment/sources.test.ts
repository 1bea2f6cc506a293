import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FileWriter, Model } from "../../../src/popef/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { alive, failure } from "../fixture.ts";
import { compile, folder, popefFile, product, rows, weight } from "./popef-models.ts";

const answers = async (runner: ModelRunner) => {
  expect((await runner.executeAsync({ x: rows(4) }))["y"]!.data).toEqual(product(rows(4)));
};

/** The executable and its metadata in one file, the weights in another. */
async function split(): Promise<string[]> {
  using model = await Model.open(await popefFile());
  const paths = [join(folder, "program.popef"), join(folder, "weights.popef")];
  using program = new FileWriter(paths[0]!);
  program.write(model.metadata);
  program.createExecutable(model.executable.name).write(model.executable.data.bytes());
  program.close();
  using weights = new FileWriter(paths[1]!);
  const { info, data } = model.tensorData("w")!;
  weights.createTensorData(info).write(data.bytes());
  weights.close();
  return paths;
}

describe("a PopEF model is loaded", () => {
  test("from the path of its file", async () => {
    await using runner = await ModelRunner.load(await popefFile());
    await answers(runner);
  });

  test("from the URL of its file", async () => {
    await using runner = await ModelRunner.load(pathToFileURL(await popefFile()));
    await answers(runner);
  });

  test("from the paths of the files that it is spread over", async () => {
    await using runner = await ModelRunner.load(await split());
    await answers(runner);
  });

  test("from a model that is open, and may be closed as soon as it is loaded", async () => {
    const model = await Model.open(await popefFile());
    await using runner = await ModelRunner.load(model);
    model.close();
    await answers(runner);
  });

  test("from what compileOnnx has made, which is nowhere in a file", async () => {
    const model = await compile();
    await using runner = await ModelRunner.load(model);
    model.close();
    await answers(runner);
  });

  test("and nothing is left of it when it is closed", async () => {
    const path = await popefFile();
    const before = alive();
    for (let time = 0; time < 3; time++) {
      await using runner = await ModelRunner.load(path);
      await answers(runner);
    }
    expect(alive()).toEqual(before);
  });
});

test.each([
  [[], "invalid_argument", "empty"],
  [join(folder, "none.popef"), "file_not_found", "none.popef"],
  [[join(folder, "none.popef")], "file_not_found", "none.popef"],
  [null, "invalid_argument", "names no file"],
])("%p is refused", async (source, code, words) => {
  await expect(ModelRunner.load(source as never)).rejects.toEqual(failure(code, words));
});

describe("an executable", () => {
  test("that was changed since it was compiled is refused, unless checkPackageHash is false", async () => {
    using model = await compile();
    const bytes = model.executable.data.bytes();
    bytes[40]! ^= 1;
    await expect(ModelRunner.load(model)).rejects.toEqual(failure("package_hash"));
    await using runner = await ModelRunner.load(model, { checkPackageHash: false });
    await answers(runner);
  });

  test("of Poplar's is refused on the processor, by its name", async () => {
    using model = await Model.open(await popefFile());
    const path = join(folder, "poplar.popef");
    using writer = new FileWriter(path);
    writer.write(model.metadata);
    writer.createExecutable(model.executable.name).write(new TextEncoder().encode("GC_EXE_5".padEnd(4096, "\0")));
    writer.close();
    const loading = ModelRunner.load(path, { frozenInputs: { w: weight } });
    await expect(loading).rejects.toEqual(failure("invalid_executable", "Poplar", "GC_EXE_5"));
  });
});

test("getModelInputs and getModelOutputs have what load and save programs use as well, getExecuteInputs and getExecuteOutputs do not", async () => {
  await using runner = await ModelRunner.load(await popefFile());
  const short = (list: ReturnType<ModelRunner["getModelInputs"]>) =>
    list.map((desc) => [desc.name, desc.dtype, desc.shape, desc.sizeInBytes, desc.popefContainsTensorData]);
  expect(short(runner.getExecuteInputs())).toEqual([["x", "float32", [4, 4], 64, false]]);
  expect(short(runner.getExecuteOutputs())).toEqual([["y", "float32", [4, 8], 128, false]]);
  expect(short(runner.getModelInputs())).toEqual([
    ["x", "float32", [4, 4], 64, false],
    ["w", "float32", [4, 8], 128, true],
  ]);
  expect(short(runner.getModelOutputs())).toEqual([
    ["y", "float32", [4, 8], 128, false],
    ["w", "float32", [4, 8], 128, false],
  ]);
});

import { afterEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findEngineLibrary } from "../../src/native/engine-library.ts";
import { nativeFolder } from "../../src/native/library-path.ts";
import { libraryName, nativeTarget } from "../../src/native/platform.ts";
import { type Expectation, ModelRunner } from "../../src/runner/index.ts";
import { alive, failure, model } from "./fixture.ts";

describe("a model that cannot be loaded says why", () => {
  const cases: [name: string, code: string, ...words: string[]][] = [
    ["nowhere.onnx", "file_not_found", "nowhere.onnx", "NOENT"],
    ["truncated.onnx", "invalid_model", "truncated.onnx", "Protobuf"],
    ["empty.onnx", "invalid_model", "empty.onnx"],
    ["unknown-operator.onnx", "invalid_model", "MillraceNoSuchOperator"],
    ["external-missing.onnx", "invalid_model", "no-such-weights.bin"],
    ["external-short/model.onnx", "invalid_model", "weights"],
    ["string.onnx", "unsupported_type", 'input "x"', "string"],
    ["sequence-output.onnx", "unsupported_type", 'output "parts"', "sequence"],
    ["sequence-input.onnx", "unsupported_type", 'input "parts"', "sequence"],
    ["int4.onnx", "unsupported_type", 'input "x"', "int4"],
    ["external", "invalid_model"],
  ];
  test.each(cases)("%s: %s", async (name, code, ...words) => {
    const before = alive();
    const error = await ModelRunner.load(model(name)).catch((e: unknown) => e);
    expect(error).toEqual(failure(code, "ModelRunner.load", ...words));
    expect(alive()).toEqual(before);
  });
});

describe("an engine that cannot be used says why", () => {
  const batch = model("batch.onnx");
  test("a path that does not exist", async () => {
    const loading = ModelRunner.load(batch, { engine: { path: "/nowhere/libonnxruntime.so.1" } });
    await expect(loading).rejects.toEqual(failure("engine_missing", "engine.path", "/nowhere/libonnxruntime.so.1"));
  });

  test("a file that is no library", async () => {
    const loading = ModelRunner.load(batch, { engine: { path: batch } });
    await expect(loading).rejects.toEqual(failure("engine_missing", batch));
  });

  test("a library that is no engine", async () => {
    const path = join(nativeFolder("test"), libraryName(nativeTarget()));
    const loading = ModelRunner.load(batch, { engine: { path } });
    await expect(loading).rejects.toEqual(failure("engine_missing", path, "OrtGetApiBase"));
  });

  const variable = "MILLRACE_ONNXRUNTIME";
  const set = process.env[variable];
  afterEach(() => {
    if (set === undefined) delete process.env[variable];
    else process.env[variable] = set;
  });

  test("an environment variable that names nothing", async () => {
    process.env[variable] = "/nowhere/else.so";
    await expect(ModelRunner.load(batch)).rejects.toEqual(failure("engine_missing", variable, "/nowhere/else.so"));
  });

  test("the option goes before the variable, and the variable before the package", async () => {
    delete process.env[variable];
    const installed = findEngineLibrary(undefined, "test");
    const folder = mkdtempSync(join(tmpdir(), "millrace-engine-"));
    try {
      const copy = join(folder, "libonnxruntime.so.1");
      copyFileSync(installed, copy);
      process.env[variable] = copy;
      expect(findEngineLibrary(undefined, "test")).toBe(copy);
      expect(findEngineLibrary(installed, "test")).toBe(installed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("a file URL names a model", async () => {
  await using runner = await ModelRunner.load(pathToFileURL(model("external/model.onnx")));
  expect(runner.getExecuteInputs()[0]!.shape).toEqual([-1, 16]);
});

describe("what load is given is checked", () => {
  const cases = [
    [{ maxQueueSize: 0 }, "maxQueueSize is 0"],
    [{ maxQueueSize: 2 ** 32 + 5 }, "maxQueueSize"],
    [{ maxQueueSize: Number.NaN }, "maxQueueSize is NaN"],
    [{ engine: { threads: 0 } }, "engine.threads is 0"],
    [{ engine: { threads: 1.5 } }, "engine.threads is 1.5"],
  ] as const;
  test.each(cases)("%j", async (config, words) => {
    await expect(ModelRunner.load(model("batch.onnx"), config)).rejects.toEqual(failure("invalid_argument", words));
  });

  const paths = [undefined, null, 7, "", "/a".repeat(2500), new URL("https://example.org/model.onnx")];
  test.each(paths.map((path, index) => [index, path] as const))("path %d", async (_, path) => {
    await expect(ModelRunner.load(path as string)).rejects.toEqual(failure("invalid_argument"));
  });
});

describe("an expectation", () => {
  const fits: Expectation[] = [
    {},
    { inputs: { x: "float32" } },
    { outputs: { y: { dtype: "float32", shape: [-1, 3] } } },
    { inputs: { x: { dtype: "float32", shape: [8, 4] } }, outputs: {} },
  ];
  test.each(fits.map((e) => [e]))("that the model meets: %j", async (expectation) => {
    const runner = await ModelRunner.load(model("batch.onnx"), { expect: expectation });
    await runner.close();
  });

  const differs: [Expectation, string[]][] = [
    [{ inputs: { image: "float32" } }, ['no input "image"', '"x"', 'input "x" (float32 [-1,4]) is not expected']],
    [{ inputs: { x: "float64" } }, ['input "x" is float32 [-1,4], not float64']],
    [{ inputs: { x: { dtype: "float32", shape: [-1, 5] } } }, ["not float32 [-1,5]"]],
    [{ outputs: { y: { dtype: "float32", shape: [3] } } }, ["not float32 [3]"]],
    [{ inputs: {} }, ['input "x"', "not expected"]],
  ];
  test.each(differs)("that it does not meet: %j", async (expectation, words) => {
    const before = alive();
    const error = await ModelRunner.load(model("batch.onnx"), { expect: expectation }).catch((e: unknown) => e);
    expect(error).toEqual(failure("expectation_failed", ...words));
    expect(alive()).toEqual(before);
  });
});

test("aborting gives up loading with the signal's reason", async () => {
  const before = alive().models;
  const controller = new AbortController();
  const loading = ModelRunner.load(model("batch.onnx"), { signal: controller.signal });
  controller.abort("no longer needed");
  expect(await loading.catch((reason: unknown) => reason)).toBe("no longer needed");
  while (alive().models > before) await Bun.sleep(1);
});

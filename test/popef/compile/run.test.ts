import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../../src/device/index.ts";
import { type CompileOptions, compileOnnx, Model, ModelBuilder, Reader, Writer } from "../../../src/popef/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { Session } from "../../../src/session/index.ts";
import { anyDevice } from "../../device/under-test.ts";
import { graph, graphAttribute, intAttribute, model, node, raw, tensor, types, value } from "./onnx.ts";

const examples = join(import.meta.dir, "../../../examples/digits");
const models = join(import.meta.dir, "../../fixtures/models");
const dir = mkdtempSync(join(tmpdir(), "millrace-run-"));
let device: Device;
beforeAll(() => {
  device = anyDevice();
});
afterAll(() => {
  device.close();
  rmSync(dir, { recursive: true });
});

type Tensors = { readonly [name: string]: Float32Array };

/** Runs main once, and gives what the outputs hold: all that each was given, one behind the other. */
async function run(compiled: Model, inputs: Tensors): Promise<{ outputs: Tensors; saved: Tensors }> {
  const collected = { outputs: {} as Record<string, number[]>, saved: {} as Record<string, number[]> };
  const offsets: Record<string, number> = {};
  const session = new Session(compiled);
  await session.bindToDeviceAsync(device);
  session.setUserInputHandler(({ anchor }) => (view) => {
    const into = view.as("float32");
    const from = offsets[anchor.handle] ?? 0;
    offsets[anchor.handle] = from + into.length;
    into.set(inputs[anchor.name]!.subarray(from, from + into.length));
  });
  session.setUserOutputHandler(({ anchor }) => {
    const to = anchor.programs.includes(2) ? collected.saved : collected.outputs;
    to[anchor.name] = [];
    return (view) => void to[anchor.name]!.push(...view.as("float32"));
  });
  session.runMainPrograms();
  await session.close();
  const arrays = (all: Record<string, number[]>) =>
    Object.fromEntries(Object.entries(all).map(([name, values]) => [name, Float32Array.from(values)]));
  return { outputs: arrays(collected.outputs), saved: arrays(collected.saved) };
}

/** What the ONNX model itself answers, weights and all in the engine's hands. */
async function reference(path: string, inputs: { [name: string]: { data: Float32Array; shape: number[] } }) {
  await using runner = await ModelRunner.load(path);
  const results = runner.execute(inputs as never);
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name, Float32Array.from(result.data as Float32Array)]),
  );
}

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 50 - 1);

describe("a compiled model computes what its ONNX model does", () => {
  const files: [string, string, CompileOptions, { [input: string]: number[] }][] = [
    ["a convolutional network", join(examples, "digits.onnx"), { batchSize: 4 }, { image: [4, 1, 8, 8] }],
    ["weights of 48 bytes", join(models, "batch.onnx"), { batchSize: 3 }, { x: [3, 4] }],
    ["weights beside the model", join(models, "external/model.onnx"), { batchSize: 2 }, { x: [2, 16] }],
    ["two open axes", join(models, "dynamic.onnx"), { batchSize: 2, axes: { width: 5 } }, { x: [2, 5] }],
  ];
  test.each(files)("%s", async (_what, path, options, shapes) => {
    const inputs = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { shape, data: numbers(shape.reduce((a, b) => a * b)) }]),
    );
    using compiled = await compileOnnx(path, options);
    const given = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
    expect((await run(compiled, given)).outputs).toEqual(await reference(path, inputs));
  });

  test("weights that bodies of nodes take from the graph around them", async () => {
    const branch = (operator: string) =>
      graph({ nodes: [node(operator, ["x", "w"], ["z"])], outputs: [value("z", types.float, [64])] });
    const path = join(dir, "if.onnx");
    const onnx = model({
      nodes: [
        node("ReduceSum", ["x"], ["all"], intAttribute("keepdims", 0)),
        node("Cast", ["all"], ["flag"], intAttribute("to", types.bool)),
        node(
          "If",
          ["flag"],
          ["y"],
          graphAttribute("then_branch", branch("Mul")),
          graphAttribute("else_branch", branch("Add")),
        ),
      ],
      weights: [tensor("w", types.float, [64], raw(numbers(64)))],
      inputs: [value("x", types.float, [64])],
      outputs: [value("y", types.float, [64])],
    });
    writeFileSync(path, onnx);
    for (const x of [numbers(64), new Float32Array(64)]) {
      using compiled = await compileOnnx(path);
      expect(compiled.tensorData("w")).toBeDefined();
      expect((await run(compiled, { x })).outputs).toEqual(await reference(path, { x: { data: x, shape: [64] } }));
    }
  });
});

/** y = 2 w + x; the engine computes 2 w once, when it is given the weights. */
const doubled = (): Uint8Array =>
  model({
    nodes: [node("Add", ["w", "w"], ["twice"]), node("Add", ["x", "twice"], ["y"])],
    weights: [tensor("w", types.float, [32], raw(numbers(32)))],
    inputs: [value("x", types.float, [32])],
    outputs: [value("y", types.float, [32])],
  });
const sum = (x: Float32Array, w: Float32Array) => x.map((element, i) => element + (w[i % 32]! + w[i % 32]!));

describe("the programs of a compiled model", () => {
  test("load: other weights in the file are the weights that run", async () => {
    using compiled = await compileOnnx(doubled(), { name: "doubled" });
    const others = numbers(64).subarray(32);
    using writer = new Writer();
    writer.write(compiled.metadata);
    writer.createExecutable("doubled").write(compiled.executable.data.bytes());
    writer.createTensorData({ name: "w", tensorInfo: { shape: [32] } }).write(others);
    writer.close();
    using reader = new Reader();
    reader.parseBytes(writer.bytes());
    using changed = new ModelBuilder(reader).createModel();
    const x = numbers(32);
    expect((await run(compiled, { x })).outputs["y"]).toEqual(sum(x, numbers(32)));
    expect((await run(changed, { x })).outputs["y"]).toEqual(sum(x, others));
  });

  test("main: each device iteration and each replica has its own inputs and outputs", async () => {
    using compiled = await compileOnnx(doubled(), { deviceIterations: 3, replicationFactor: 2 });
    const x = numbers(3 * 2 * 32);
    // Replicas take their elements in their order.
    expect((await run(compiled, { x })).outputs["y"]).toEqual(sum(x, numbers(32)));
  });

  test("save: the weights come back", async () => {
    using compiled = await compileOnnx(doubled());
    expect((await run(compiled, { x: numbers(32) })).saved).toEqual({ w: numbers(32) });
    using unsaved = await compileOnnx(doubled(), { saveProgram: false });
    expect((await run(unsaved, { x: numbers(32) })).saved).toEqual({});
  });

  test("load: weights in remote buffers run as those in streams do", async () => {
    using compiled = await compileOnnx(doubled(), { remoteBuffers: ["w"] });
    const x = numbers(32);
    expect((await run(compiled, { x })).outputs["y"]).toEqual(sum(x, numbers(32)));
  });

  test("are those of the file that the model is written to", async () => {
    const path = join(dir, "doubled.popef");
    {
      using compiled = await compileOnnx(doubled());
      await compiled.write(path);
    }
    using opened = await Model.open(path);
    const x = numbers(32);
    expect(await run(opened, { x })).toEqual({ outputs: { y: sum(x, numbers(32)) }, saved: { w: numbers(32) } });
  });
});

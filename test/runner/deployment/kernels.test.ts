import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CudaDevice } from "../../../src/cuda/index.ts";
import { DeviceManager } from "../../../src/device/index.ts";
import { decodeExecutable, encodeExecutable, type Plan, type Step } from "../../../src/popef/executable/index.ts";
import { FileWriter, type PreprocessModelOptions, preprocessModel } from "../../../src/popef/index.ts";
import { ModelRunner, type ModelRunnerConfig } from "../../../src/runner/index.ts";
import { Session } from "../../../src/session/index.ts";
import { convert, TensorMemory } from "../../../src/tensor/index.ts";
import { simulate } from "../../../src/testing/index.ts";
import { alive, failure, grown } from "../fixture.ts";
import { type Box, laidOut, pixels, preprocessed } from "./images.ts";
import { compile, folder, product } from "./popef-models.ts";

const wide = { width: 7, height: 5 };

/** What a batch of images in NHWC order becomes, in doubles. */
function reference(options: PreprocessModelOptions, bytes: ArrayLike<number>, boxes?: readonly Box[]): number[] {
  const { width, height, color = "rgb", layout = "NHWC" } = options.input;
  const channels = color === "gray" ? 1 : 3;
  const each = width * height * channels;
  const images = Array.from({ length: bytes.length / each }, (_, image) => {
    const strides = layout === "NHWC" ? [width * channels, channels, 1] : [width, 1, width * height];
    const at = (y: number, x: number, c: number) =>
      bytes[image * each + y * strides[0]! + x * strides[1]! + c * strides[2]!]!;
    return preprocessed(options, at, boxes?.[image]);
  });
  return laidOut(images, options.layout ?? "NCHW");
}

async function load(options: PreprocessModelOptions, config: ModelRunnerConfig = {}): Promise<ModelRunner> {
  using model = preprocessModel(options);
  return await ModelRunner.load(model, config);
}

function expectClose(values: ArrayLike<number>, wanted: readonly number[], most = 1e-4): void {
  expect(values.length).toBe(wanted.length);
  const worst = wanted.reduce((largest, value, index) => Math.max(largest, Math.abs(value - values[index]!)), 0);
  expect(worst).toBeLessThanOrEqual(most);
}

describe("a model of our own kernels on the processor", () => {
  const cases: [what: string, options: PreprocessModelOptions, most: number][] = [
    ["nothing but the layout", { input: wide }, 1e-4],
    ["nearest, smaller", { input: wide, size: { width: 3, height: 2 }, interpolation: "nearest" }, 1e-4],
    ["bilinear, larger, to 0 to 1", { input: wide, size: { width: 9, height: 11 }, normalize: "unit" }, 1e-4],
    [
      "a letterbox with its border",
      { input: wide, size: { width: 6, height: 8 }, letterbox: true, padding: 114 },
      1e-4,
    ],
    ["BGR to RGB as TensorFlow wants it", { input: { ...wide, color: "bgr" }, color: "rgb", normalize: "tf" }, 1e-4],
    ["gray from colour", { input: wide, color: "gray", layout: "NHWC" }, 1e-4],
    ["colour from gray", { input: { ...wide, color: "gray" }, color: "rgb" }, 1e-4],
    ["CHW to HWC", { input: { ...wide, layout: "NCHW" }, layout: "NHWC", size: { width: 4, height: 4 } }, 1e-4],
    [
      "mean and deviation by channel",
      { input: wide, normalize: "meanStd", mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] },
      1e-4,
    ],
    ["bytes again, rounded", { input: wide, size: { width: 5, height: 4 }, dtype: "uint8" }, 0.5001],
    ["int16, in a batch", { input: wide, dtype: "int16", batchSize: 3 }, 0.5001],
  ];
  test.each(cases)("gives what it says: %s", async (_name, options, most) => {
    await using runner = await load(options);
    const channels = options.input.color === "gray" ? 1 : 3;
    const image = pixels((options.batchSize ?? 1) * wide.width * wide.height * channels);
    const wanted = reference(options, image);
    const shape = (options.layout ?? "NCHW") === "NCHW" ? [0, 2, 3, 1] : [0, 1, 2, 3];
    expect(runner.getExecuteOutputs()[0]!.shape.length).toBe(shape.length);
    expectClose(runner.execute({ image })["images"]!.data as Uint8Array, wanted, most);
    const answers = await runner.executeAsync({ image });
    expectClose(answers["images"]!.data as Uint8Array, wanted, most);
  });

  test("float16 results are those of float32, rounded once", async () => {
    const options = { input: wide, size: { width: 3, height: 3 }, normalize: "unit" } as const;
    await using half = await load({ ...options, dtype: "float16" });
    await using single = await load(options);
    const image = pixels(wide.width * wide.height * 3);
    const [a, b] = [half.execute({ image })["images"]!, single.execute({ image })["images"]!];
    expect(a.data as ArrayLike<number>).toEqual(convert(b.data as Float32Array, { to: "float16" }) as never);
  });

  test("takes a box for each image, and makes padding of one that lies elsewhere", async () => {
    const options = { input: wide, size: { width: 4, height: 3 }, boxes: true, batchSize: 3, padding: 9 } as const;
    await using runner = await load(options);
    const image = pixels(3 * wide.width * wide.height * 3);
    const boxes: Box[] = [
      [0, 0, 7, 5],
      [2, 1, 6, 4],
      [6, 4, 7, 5],
    ];
    const run = (list: Box[]) => runner.execute({ image, boxes: Int32Array.from(list.flat()) })["images"]!.data;
    expectClose(run(boxes) as Float32Array, reference(options, image, boxes));
    const outside = run([boxes[0]!, [5, 4, 8, 5], boxes[2]!]) as Float32Array;
    expect([...outside.subarray(36, 72)]).toEqual(new Array(36).fill(9));
  });

  test("runs requests of different callers as one batch, filled up, and gives each its rows", async () => {
    const options = { input: wide, batchSize: 4, normalize: "unit" } as const;
    await using runner = await load(options, { batchingDim: 0, timeoutNs: 1e6 });
    const each = wide.width * wide.height * 3;
    const image = pixels(each * 9);
    const parts = [image.subarray(0, each), image.subarray(each, 4 * each), image.subarray(4 * each)];
    const answers = await Promise.all(parts.map((part) => runner.executeAsync({ image: part.slice() })));
    expect(answers.map((answer) => answer["images"]!.shape)).toEqual([
      [1, 3, 5, 7],
      [3, 3, 5, 7],
      [5, 3, 5, 7],
    ]);
    for (const [index, part] of parts.entries()) {
      expectClose(answers[index]!["images"]!.data as Float32Array, reference(options, part));
    }
    expect(runner.stats().rows).toBe(9);
  });

  test("reads and writes native memory in place", async () => {
    const options = { input: wide, size: { width: 4, height: 4 } } as const;
    await using runner = await load(options);
    using image = new TensorMemory(wide.width * wide.height * 3);
    using images = new TensorMemory(4 * 4 * 3 * 4);
    const bytes = pixels(image.dataSizeBytes);
    image.getView().as("uint8").set(bytes);
    await runner.executeAsync({ image }, { outputs: { images } });
    const { bytesCopied, bytesReferenced } = runner.stats();
    expect([bytesCopied, bytesReferenced]).toEqual([0, image.dataSizeBytes]);
    expectClose(images.getView().as("float32"), reference(options, bytes));
  });

  test("memory that is input and output at once gives what separate memory would", async () => {
    const options = { input: { ...wide, dtype: "uint8" }, dtype: "uint8", interpolation: "nearest" } as const;
    await using runner = await load(options);
    using memory = new TensorMemory(wide.width * wide.height * 3);
    const bytes = pixels(memory.dataSizeBytes);
    const view = memory.getView().as("uint8");
    view.set(bytes);
    runner.execute({ image: memory }, { outputs: { images: memory } });
    expect([...view]).toEqual(reference(options, bytes));
  });

  test("is the same from a file, with a device of one's own, and in a session", async () => {
    const options = { input: wide, size: { width: 3, height: 3 }, normalize: "tf" } as const;
    const image = pixels(wide.width * wide.height * 3);
    const wanted = reference(options, image);
    using model = preprocessModel(options);
    const path = join(folder, "preprocess.popef");
    await model.write(path);
    using device = new DeviceManager().createCpuDevice();
    for (const config of [{}, { device }, { replicaToDevice: { 0: device } }, { replicationFactor: 2 }]) {
      await using runner = await ModelRunner.load(path, config);
      expectClose((await runner.executeAsync({ image }))["images"]!.data as Float32Array, wanted);
    }
    await using session = new Session(model);
    session.bindToDevice(device);
    const images = new Float32Array(27);
    session.setUserInputHandler(() => (view) => void (view.as("uint8") as Uint8Array).set(image));
    session.setUserOutputHandler(() => (view) => void images.set(view.as("float32") as unknown as Float32Array));
    session.runMainPrograms();
    expectClose(images, wanted);
  });

  test("a wrong input is refused by name, and nothing is left behind", async () => {
    const before = alive();
    {
      await using runner = await load({ input: wide });
      expect(() => runner.execute({ image: new Uint8Array(5) })).toThrow(failure("wrong_shape", "image") as Error);
      expect(() => runner.execute({ image: new Float32Array(105) } as never)).toThrow(
        failure("wrong_dtype", "image") as Error,
      );
    }
    expect(await grown(before)).toEqual([]);
  });

  test("is refused by an IPU, by the kernel's name", async () => {
    using _sim = simulate({ ipus: 1 });
    await expect(load({ input: wide })).rejects.toThrow(failure("invalid_executable", "kernel sample") as Error);
  });
});

test("the example of docs/cuda-models.md does what its comments say", async () => {
  const text = readFileSync(join(import.meta.dir, "../../../docs/cuda-models.md"), "utf8");
  const body = new Bun.Transpiler({ loader: "ts", target: "bun" })
    .transformSync(
      text
        .match(/```ts\n(.*?)```/s)![1]!
        .replace(/^import .*$/gm, "")
        .replace("using model", "const model")
        .replace("await using preprocess", "const preprocess"),
    )
    .replace("/tmp", folder);
  const run = new Function(
    "preprocessModel",
    "ModelRunner",
    `return (async () => { ${body}; return { model, preprocess, images }; })();`,
  );
  const { model, preprocess, images } = await run(preprocessModel, ModelRunner);
  expect([images.shape, images.dtype]).toEqual([[4, 3, 32, 32], "float32"]);
  await preprocess.close();
  model.close();
});

/** x of the weighted model comes as bytes, which a kernel makes numbers of. */
async function mixedFile(): Promise<string> {
  using compiled = await compile();
  const { plan, graph } = decodeExecutable(compiled.executable.data.bytes());
  const x = plan.tensors.findIndex(({ name }) => name === "x");
  const raw = plan.tensors.length;
  const view = (tensor: number) => ({ tensor, offset: 0, shape: [4, 4], strides: [4, 1] });
  const changed: Plan = {
    ...plan,
    tensors: [...plan.tensors, { name: "raw", type: 2, shape: [4, 4] }],
    streams: plan.streams.map((stream) => (stream.tensor === x ? { ...stream, tensor: raw } : stream)),
    programs: plan.programs.map((program) => ({
      ...program,
      steps: program.steps.flatMap((step): Step[] =>
        step[0] === "graph" ? [["kernel", "cast", [view(x), view(raw)], []], step] : [step],
      ),
    })),
  };
  const path = join(folder, "mixed.popef");
  using writer = new FileWriter(path);
  const { metadata } = compiled;
  writer.write({
    executable: "mixed",
    anchors: metadata.anchors.map(({ name, handle, type, programs, tensorInfo: { dataType, shape } }) => {
      return { name, handle, type, programs, tensorInfo: { dataType: name === "x" ? "U8" : dataType, shape } };
    }),
    programFlow: metadata.programFlow,
  });
  writer.createExecutable("mixed").write(encodeExecutable(changed, graph));
  const { info, data } = compiled.tensorData("w")!;
  writer.createTensorData(info).write(data.bytes());
  return path;
}

describe("kernels and a graph in one program", () => {
  test("run on the processor, step by step", async () => {
    await using runner = await ModelRunner.load(await mixedFile());
    const x = Uint8Array.from({ length: 16 }, (_, index) => index);
    expect(runner.execute({ x })["y"]!.data).toEqual(product(Float32Array.from(x)));
  });

  test("are refused by a GPU, with what to do", async () => {
    using _sim = simulate({ cuda: 1 });
    using device = CudaDevice.open(0);
    const path = await mixedFile();
    await expect(ModelRunner.load(path, { device })).rejects.toEqual(
      failure("invalid_executable", "mixed", "two models"),
    );
  });
});

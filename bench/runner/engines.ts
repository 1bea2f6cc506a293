/** The two sides of the runner's rows, each behind the same few calls: a model `x` -> `y` of float32. */
import { ModelRunner, type ModelRunnerConfig } from "../../src/runner/index.ts";

export type EngineName = "millrace" | "onnxruntime-node";

export interface Engine {
  /** One row or several: `shape` is the input's. The engine's own promise, with nothing around it. */
  infer(x: Float32Array, shape: readonly number[]): Promise<{ readonly y: { readonly data: Float32Array } }>;
  /** Blocking; onnxruntime-node has no such call, and none behind its promise either: it blocks and resolves. */
  readonly inferNow?: ((x: Float32Array) => Float32Array) | undefined;
  readonly runner?: ModelRunner | undefined;
  close(): Promise<void>;
}

export async function openEngine(name: EngineName, model: string, config: ModelRunnerConfig = {}): Promise<Engine> {
  return name === "millrace" ? openMillrace(model, config) : openOnnxRuntime(model);
}

async function openMillrace(model: string, config: ModelRunnerConfig): Promise<Engine> {
  const runner = await ModelRunner.load(model, {
    ...config,
    expect: { inputs: { x: "float32" }, outputs: { y: "float32" } },
  });
  return {
    // As a caller writes it: a bare array where the shape follows from its length.
    infer: (x) => runner.executeAsync({ x }),
    inferNow: (x) => runner.execute({ x }).y.data,
    runner: runner as unknown as ModelRunner,
    close: () => runner.close(),
  };
}

async function openOnnxRuntime(model: string): Promise<Engine> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(model);
  return {
    infer: (x, shape) => session.run({ x: new Tensor("float32", x, shape) }) as unknown as ReturnType<Engine["infer"]>,
    close: () => session.release(),
  };
}

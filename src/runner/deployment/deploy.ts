import type { Device } from "../../device/index.ts";
import { findCudaProvider } from "../../native/cuda-provider.ts";
import { findEngineLibrary } from "../../native/engine-library.ts";
import { MillraceError, makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import { checkExecutable, isPoplarExecutable } from "../../popef/executable/index.ts";
import { compileOnnx, Model } from "../../popef/index.ts";
import type { ModelRunnerConfig, ResolvedConfig } from "../config.ts";
import { type ChosenDevice, chooseDevices, giveDevicesBack, isOnCpu } from "./choose-devices.ts";
import type { Deployment } from "./deployment.ts";
import { FrozenInputs } from "./frozen-inputs.ts";
import { isKernelProgram } from "./kernel-program.ts";
import { type CudaParts, loadParts } from "./load-parts.ts";
import { anchorsOf } from "./model-anchors.ts";
import type { Found } from "./model-source.ts";
import { onCpu, type Plan } from "./on-cpu.ts";
import { onDevices } from "./on-devices.ts";
import { handleOf, onKernels } from "./on-kernels.ts";
import { isOrdinary } from "./ordinary.ts";
import { type GpuDevice, gpusOf, namedDevices } from "./runner-device.ts";
import { SavedOutputs } from "./saved-outputs.ts";

/** Loads what is more than an ONNX file for the processor. */
export async function deploy(
  found: Found,
  given: ModelRunnerConfig,
  config: ResolvedConfig,
  signal: AbortSignal | undefined,
  op: string,
): Promise<Deployment> {
  if (found.kind === "model") return await deployModel(found.model, given, config, signal, op);
  if (found.kind === "popef") {
    using model = await Model.open(found.paths, { signal });
    return await deployModel(model, given, config, signal, op);
  }
  const named = namedDevices(given, config.replicationFactor, op);
  const gpus = gpusOf(named, config.replicationFactor, op);
  const cuda = gpus && cudaParts(gpus, given, op);
  if (gpus || Object.values(named).every((device) => (device as Device).target === "cpu"))
    return await onnxOnCpu(found.path, given, config, signal, op, cuda);
  using compiled = await compiledFor(found.path, given, config, signal);
  return await deployModel(compiled, given, config, signal, op);
}

async function deployModel(
  model: Model,
  given: ModelRunnerConfig,
  config: ResolvedConfig,
  signal: AbortSignal | undefined,
  op: string,
): Promise<Deployment> {
  const frozenDefault = off("frozen_default") ? { none: new Uint8Array(1) } : {};
  using frozen = FrozenInputs.of(given.frozenInputs ?? frozenDefault, model.metadata.anchors, op);
  const anchors = anchorsOf(model, frozen.names, op);
  const savedDefault = off("save_outputs_default") ? { 0: { none: new Uint8Array(1) } } : {};
  const saved = new SavedOutputs(
    given.replicaToSaveProgramsOutputs ?? savedDefault,
    anchors.save,
    config.replicationFactor,
    op,
  );
  await model.executable.loadAsync();
  const bytes = model.executable.data.bytes();
  const { checkPackageHash } = config;
  // Before a device is taken.
  const decoded = isPoplarExecutable(bytes) ? undefined : checkExecutable(bytes, { checkPackageHash, op });
  const gpus = gpusOf(namedDevices(given, config.replicationFactor, op), config.replicationFactor, op);
  if (gpus) return await onGpus({ model, anchors, frozen, saved, given, config, signal }, gpus, op);
  const chosen = await chooseDevices(model, given, config, signal, op);
  const plan = { model, anchors, frozen, saved, given, config, signal };
  try {
    if (chosen.some(isOnCpu)) {
      const ours = decoded ?? checkExecutable(bytes, { checkPackageHash, op });
      if (chosen.every(isOnCpu) && isOrdinary(model, ours, anchors)) return await onCpu(plan, ours, op);
      if (chosen.every(isOnCpu) && isKernelProgram(model, ours, anchors)) return await onKernels(plan, undefined, op);
    }
  } catch (error) {
    giveDevicesBack(chosen);
    throw error;
  }
  requireProgram(model, op);
  return await onDevices(plan, chosen as ChosenDevice[], op);
}

/** A graph through ONNX Runtime's provider, or kernels of ours; what else programs do, CUDA devices do not. */
async function onGpus(plan: Plan, gpus: readonly GpuDevice[], op: string): Promise<Deployment> {
  const { model, anchors, given, config } = plan;
  const { checkPackageHash } = config;
  const ours = checkExecutable(model.executable.data.bytes(), { checkPackageHash, op });
  if (isKernelProgram(model, ours, anchors)) return await onKernels(plan, gpus, op);
  if (isOrdinary(model, ours, anchors)) return await onCpu(plan, ours, op, cudaParts(gpus, given, op));
  requireProgram(model, op);
  throw makeError("invalid_executable", {
    op,
    message: `the main program of ${model.metadata.executable} is more than inputs, kernels or a graph, and outputs, which is all that runs on a CUDA device.`,
    hint: "Run it on the CPU, or as two models: kernels, then the graph.",
  });
}

function cudaParts(gpus: readonly GpuDevice[], { engine }: ModelRunnerConfig, op: string): CudaParts {
  return { devices: gpus.map(handleOf), provider: findCudaProvider(engine?.cudaProvider, op) };
}

function requireProgram(model: Model, op: string): void {
  if (model.metadata.programFlow.main.length > 0) return;
  throw makeError("model_conflict", { op, message: "the model's program flow has no main program." });
}

async function onnxOnCpu(
  path: string,
  given: ModelRunnerConfig,
  config: ResolvedConfig,
  signal: AbortSignal | undefined,
  op: string,
  cuda: CudaParts | undefined,
): Promise<Deployment> {
  using frozen = FrozenInputs.unchecked(given.frozenInputs ?? {}, op);
  const engine = findEngineLibrary(given.engine?.path, op);
  const constants = Array.from(frozen.entries(), ([name, { memory, type, shape, byteLength }]) => {
    return { name, type, shape, size: byteLength, memory: [memory.slot, memory.generation] as const, offset: 0 };
  });
  const options = { wholeBatches: false, signal };
  const { loaded } = await loadParts(
    new Uint8Array(0),
    { path, constants, ...(cuda && { cuda }) },
    engine,
    config,
    options,
    op,
  );
  const otherInputs = Array.from(frozen.entries(), ([name, { dtype, shape = [-1], byteLength }]) =>
    Object.freeze({
      name,
      dtype,
      shape,
      axisNames: shape.map(() => undefined),
      sizeInBytes: byteLength,
      popefContainsTensorData: false,
    }),
  );
  return { model: loaded, otherInputs, otherOutputs: [], close: async () => undefined };
}

/** With a batch axis for batches of `maxBatchSize`, if the model leaves that open. */
async function compiledFor(
  path: string,
  { engine }: ModelRunnerConfig,
  { batchingDim, maxBatchSize }: ResolvedConfig,
  signal: AbortSignal | undefined,
): Promise<Model> {
  const options = { engine: engine?.path === undefined ? undefined : { path: engine.path }, signal };
  if (batchingDim === undefined) return await compileOnnx(path, options);
  try {
    return await compileOnnx(path, { ...options, batchingDim, batchSize: maxBatchSize });
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== "wrong_batching") throw error;
    return await compileOnnx(path, { ...options, batchingDim });
  }
}

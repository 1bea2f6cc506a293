import { NativeBuffer } from "../../native/buffer.ts";
import { findEngineLibrary } from "../../native/engine-library.ts";
import { logChoice } from "../../native/log.ts";
import { off } from "../../native/switches.ts";
import type { DecodedExecutable } from "../../popef/executable/index.ts";
import type { Model, PopefData } from "../../popef/index.ts";
import { elementTypes } from "../../tensor/index.ts";
import type { ModelRunnerConfig, ResolvedConfig } from "../config.ts";
import type { Deployment } from "./deployment.ts";
import type { FrozenInputs } from "./frozen-inputs.ts";
import { type ConstantPart, type CudaParts, loadParts, type Place, type WeightPart } from "./load-parts.ts";
import { describeAnchors, type ModelAnchors, typeCode } from "./model-anchors.ts";
import type { SavedOutputs } from "./saved-outputs.ts";

export interface Plan {
  readonly model: Model;
  readonly anchors: ModelAnchors;
  readonly frozen: FrozenInputs;
  readonly saved: SavedOutputs;
  readonly given: ModelRunnerConfig;
  readonly config: ResolvedConfig;
  readonly signal: AbortSignal | undefined;
}

/**
 * Loads the graph of an ordinary executable as an ONNX model is loaded; its programs are not looked at any more. With `cuda`, CUDA's
 * provider runs it.
 */
export async function onCpu(
  { model, anchors, frozen, saved, given, config, signal }: Plan,
  { plan, graph }: DecodedExecutable,
  op: string,
  cuda?: CudaParts,
): Promise<Deployment> {
  using held = new DisposableStack();
  const weights = plan.graph.weights.map((index): WeightPart => {
    const { name, type, shape } = plan.tensors[index]!;
    return { name, type, shape, ...placeOf(model, frozen, name, held, op) };
  });
  const constants = anchors.constants.map((anchor): ConstantPart => {
    const size = anchor.tensorInfo.sizeInBytes();
    return { name: anchor.name, type: typeCode(anchor), size, ...placeOf(model, frozen, anchor.name, held, op) };
  });
  const engine = findEngineLibrary(given.engine?.path, op);
  const options = { wholeBatches: !off("whole_batches"), signal };
  const { loaded, version } = await loadParts(
    graph,
    { weights, constants, ...(cuda && { cuda }) },
    engine,
    config,
    options,
    op,
  );
  logChoice(`ONNX Runtime ${version}: ${engine}`);
  // Nothing changes them while the model runs: they are what a save program would give.
  if (config.runSavePrograms && !off("run_save_programs")) {
    for (const { name } of anchors.save) saved.keep(name, bytesOf(model, frozen, name));
  }
  return {
    model: loaded,
    otherInputs: describeAnchors(model, [...anchors.constants, ...anchors.load]),
    otherOutputs: describeAnchors(model, anchors.save),
    close: async () => saved.fill(),
  };
}

function placeOf(model: Model, frozen: FrozenInputs, name: string, held: DisposableStack, op: string): Place {
  const own = frozen.get(name);
  if (own !== undefined && !off("frozen_inputs"))
    return { memory: [own.memory.slot, own.memory.generation], offset: 0 };
  const { data, info } = model.tensorData(name)!;
  const { slot, generation, byteOffset } = data.native;
  if (byteOffset % elementTypes[info.tensorInfo.dtype].size === 0)
    return { memory: [slot, generation], offset: byteOffset };
  const copy = held.use(aligned(data, op));
  return { memory: [copy.slot, copy.generation], offset: 0 };
}

/** Files have no padding; the engine reads elements where they belong. */
function aligned(data: PopefData, op: string): NativeBuffer {
  const copy = NativeBuffer.create(data.byteLength, op);
  new Uint8Array(copy.buffer).set(data.bytes());
  return copy;
}

function bytesOf(model: Model, frozen: FrozenInputs, name: string): Uint8Array | undefined {
  const own = frozen.get(name);
  if (own !== undefined) return new Uint8Array(own.memory.buffer, 0, own.byteLength);
  return model.tensorData(name)?.data.bytes();
}

import { makeError } from "../../native/error.ts";
import { encodeExecutable } from "../executable/index.ts";
import { MemorySource } from "../storage/memory-source.ts";
import type { Source } from "../storage/source.ts";
import { CompiledModel } from "./compiled-model.ts";
import { describeGraph } from "./describe-graph.ts";
import { fixAxes } from "./fix-axes.ts";
import { metadataOf } from "./metadata.ts";
import { type ModelTensors, tensorOf } from "./model-tensors.ts";
import type { GraphProto } from "./onnx/proto.ts";
import { type OnnxSource, type ReadModel, readModel } from "./onnx/read-model.ts";
import { encodeModel } from "./onnx/schema.ts";
import { type CompileOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { planOf } from "./program.ts";
import { type PlacedWeight, placeWeights } from "./sources.ts";
import { takeWeights } from "./weights.ts";

/** Does what `compileOnnx` says. */
export async function compile(onnx: OnnxSource, options: CompileOptions, op: string): Promise<CompiledModel> {
  options.signal?.throwIfAborted();
  const resolved = resolveOptions(options, op);
  const { model, folder } = await readModel(onnx, op);
  dropDefaults(model);
  const initializers = new Set(model.graph.initializer.map(({ name }) => name));
  const inputs = model.graph.input.filter(({ name }) => !initializers.has(name));
  fixAxes(model.graph, inputs, resolved, op);
  const taken = await takeWeights(model.graph, folder, op);
  requireWeights(model.graph, taken, resolved, op);
  // The model shares them; what is not shared goes when this is over.
  const sources: Source[] = [];
  try {
    const weights = await placeWeights(taken, sources, op);
    const graph = encodeModel(model);
    const ports = await describeGraph(graph, weights, options, op);
    const tensors: ModelTensors = {
      inputs: ports.inputs.map((port) => tensorOf(port, "input", op)),
      weights,
      outputs: ports.outputs.map((port) => tensorOf(port, "output", op)),
    };
    const bytes = encodeExecutable(planOf(tensors, resolved), graph, op);
    const name = resolved.name ?? nameOf(bytes, weights);
    const executable = MemorySource.of([bytes], `executable ${JSON.stringify(name)}`, op);
    sources.push(executable);
    return new CompiledModel(metadataOf(name, tensors, resolved), executable, weights);
  } finally {
    for (const source of sources) source.release();
  }
}

/** Since version 4, initializers that are inputs too are mere defaults of those; here they are what they are. */
function dropDefaults({ irVersion, graph }: ReadModel["model"]): void {
  if (irVersion < 4n) return;
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => !initializers.has(name));
}

function requireWeights(graph: GraphProto, weights: readonly { name: string }[], options: ResolvedOptions, op: string) {
  for (const name of options.remoteBuffers) {
    if (weights.some((weight) => weight.name === name)) continue;
    const is = graph.initializer.some((tensor) => tensor.name === name) ? "stays in the graph" : "does not exist";
    const known = weights.map((weight) => `"${weight.name}"`).join(", ") || "none";
    const message = `remoteBuffers names "${name}", which ${is}; weights are ${known}.`;
    throw makeError("invalid_argument", { op, message });
  }
}

/** The same for the same graph, plan and weights. */
function nameOf(executable: Uint8Array, weights: readonly PlacedWeight[]): string {
  const hash = new Bun.CryptoHasher("sha256").update(executable);
  for (const { byteOffset, byteLength, source } of weights) {
    const { memory, begin } = source.map(byteOffset, byteLength, "compileOnnx");
    // Fast, because models have gigabytes of them; only different models must have different names.
    hash.update(Bun.hash.xxHash64(new Uint8Array(memory.buffer, begin, byteLength)).toString(16));
    memory.close();
  }
  return hash.digest("hex").slice(0, 16);
}

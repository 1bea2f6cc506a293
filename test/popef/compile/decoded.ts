import type { CompiledModel } from "../../../src/popef/compile/compiled-model.ts";
import { decodeModel } from "../../../src/popef/compile/onnx/schema.ts";
import { decodeExecutable } from "../../../src/popef/executable/index.ts";
import type { Model } from "../../../src/popef/index.ts";

/** The graph of a compiled model, and the plan around it. */
export function decoded(compiled: Model) {
  const { plan, graph: bytes } = decodeExecutable(compiled.executable.data.bytes());
  const { graph } = decodeModel(bytes);
  return { plan, bytes, graph: graph! };
}

/** Anchors as text: `input h2d_x F32 [1,4]`. */
export function anchorsOf(compiled: Model): string[] {
  return compiled.metadata.anchors.map(({ type, handle, tensorInfo }) => `${type} ${handle} ${tensorInfo}`);
}

/** Names of the tensors that the load program brings. */
export function weightsOf(compiled: CompiledModel): string[] {
  const { plan } = decoded(compiled);
  return plan.graph.weights.map((index) => plan.tensors[index]!.name);
}

import type { DecodedExecutable, PlanStream, Step } from "../../popef/executable/index.ts";
import type { Model } from "../../popef/index.ts";
import type { ModelAnchors } from "./model-anchors.ts";

/**
 * Whether the programs only bring the weights, and then inputs in and outputs out around the graph, all under the anchors' own
 * names: then the graph alone does the same, with any number of iterations and replicas.
 */
export function isOrdinary(model: Model, { plan }: DecodedExecutable, anchors: ModelAnchors): boolean {
  const { load, main } = model.metadata.programFlow;
  if (main.length !== 1 || [...anchors.constants, ...anchors.load].some((anchor) => model.feedData(anchor)))
    return false;
  const { tensors, streams, graph } = plan;
  const name = (tensor: number) => tensors[tensor]!.name;
  const handled = (list: readonly { name: string; handle: string }[], { handle, tensor }: PlanStream) =>
    list.some((anchor) => anchor.handle === handle && anchor.name === name(tensor));

  const iteration = iterationOf(plan.programs[main[0]!]?.steps ?? []);
  const at = iteration.findIndex(([step]) => step === "graph");
  const before = iteration.slice(0, at).filter(([step]) => step !== "sync");
  const after = iteration.slice(at + 1).filter(([step]) => step !== "sync");
  const copies = (steps: readonly Step[], kind: string, wanted: readonly number[], given: ModelAnchors["inputs"]) => {
    const used = steps.map(([step, stream]) => (step === kind ? streams[stream as number] : undefined));
    if (used.length !== wanted.length || used.some((stream) => !stream || !handled(given, stream))) return false;
    return wanted.every((tensor) => used.some((stream) => stream!.tensor === tensor));
  };
  const inputs = [...anchors.inputs, ...anchors.constants];
  if (at < 0 || !copies(before, "toTensor", graph.inputs, inputs)) return false;
  if (!copies(after, "toStream", graph.outputs, anchors.outputs)) return false;

  const brought = new Set(anchors.load.map((anchor) => anchor.name));
  const loads = load.flatMap((program) => plan.programs[program]?.steps ?? []);
  return (
    loads.every(([step]) => step === "sync" || step === "toTensor" || step === "remoteToTensor") &&
    graph.weights.every((tensor) => brought.has(name(tensor)))
  );
}

function iterationOf(steps: readonly Step[]): readonly Step[] {
  const [first] = steps;
  return steps.length === 1 && first?.[0] === "repeat" && first[1] > 0 ? iterationOf(first[2]) : steps;
}

import type { DecodedExecutable, Step } from "../../popef/executable/index.ts";
import type { Model } from "../../popef/index.ts";
import type { ModelAnchors } from "./model-anchors.ts";

/** What a program of kernels consists of, in this order. */
const order = ["toTensor", "kernel", "toStream"];

/**
 * Whether the model is one main program that brings the requests' inputs, runs kernels and gives the requests' outputs: then it runs
 * where the tensors lie, with no session. The native side looks closer.
 */
export function isKernelProgram(model: Model, { plan }: DecodedExecutable, anchors: ModelAnchors): boolean {
  const { load, main } = model.metadata.programFlow;
  if (main.length !== 1 || load.length > 0 || plan.replicas !== 1) return false;
  if (anchors.constants.length > 0 || anchors.load.length > 0) return false;
  const places = bodyOf(plan.programs[main[0]!]?.steps ?? [])
    .filter(([step]) => step !== "sync")
    .map(([step]) => order.indexOf(step));
  const ordered = places.every((place, index) => place >= 0 && place >= (places[index - 1] ?? 0));
  return ordered && places.includes(1);
}

function bodyOf(steps: readonly Step[]): readonly Step[] {
  const [first] = steps;
  return steps.length === 1 && first?.[0] === "repeat" && first[1] > 0 ? first[2] : steps;
}

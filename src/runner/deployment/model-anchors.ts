import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import { type Anchor, type Model, TensorType } from "../../popef/index.ts";
import { elementTypes } from "../../tensor/index.ts";
import type { DataDesc } from "../data-desc.ts";

/** A model's anchors by what a runner does with them. */
export interface ModelAnchors {
  /** Of the main programs, or of no program: what a request brings and gets. */
  readonly inputs: readonly Anchor[];
  readonly outputs: readonly Anchor[];
  /** Inputs of the main programs that are the same in every run: of the model's data, or frozen. */
  readonly constants: readonly Anchor[];
  readonly load: readonly Anchor[];
  readonly save: readonly Anchor[];
}

/**
 * @throws ArgumentError `unknown_input`: a frozen input that the model does not have; `missing_input`: one that is brought when
 * the model is loaded has no data.
 */
export function anchorsOf(model: Model, frozen: ReadonlySet<string>, op: string): ModelAnchors {
  const { anchors, programFlow, seedHandle } = model.metadata;
  const uses = (anchor: Anchor, programs: readonly number[]) =>
    anchor.programs.some((program) => programs.includes(program));
  const streamed = anchors.filter(({ handle }) => handle !== "" && handle !== seedHandle);
  const ofMain = (anchor: Anchor) => anchor.programs.length === 0 || uses(anchor, programFlow.main);
  const inputs = streamed.filter(({ type }) => type !== TensorType.Output);
  const outputs = streamed.filter(({ type }) => type === TensorType.Output);
  const load = inputs.filter((anchor) => uses(anchor, programFlow.load));
  const main = inputs.filter((anchor) => ofMain(anchor) && !load.includes(anchor));
  const isFrozen = ({ name }: Anchor) => frozen.has(name) && !off("frozen_constants");
  const given = (anchor: Anchor) => isFrozen(anchor) || bringsData(model, anchor);

  for (const name of frozen) {
    if ([...load, ...main].some((anchor) => anchor.name === name)) continue;
    const known = [...load, ...main].map((anchor) => `"${anchor.name}"`).join(", ") || "none";
    throw makeError("unknown_input", { op, message: `frozenInputs names "${name}"; the model's inputs are ${known}.` });
  }
  const missing = load.find((anchor) => !frozen.has(anchor.name) && !bringsData(model, anchor));
  if (missing !== undefined) {
    throw makeError("missing_input", {
      op,
      message: `the model brings no data for "${missing.name}", which is needed to load it.`,
      hint: "Pass it in frozenInputs.",
    });
  }
  return {
    inputs: main.filter((anchor) => !given(anchor)),
    constants: main.filter(given),
    outputs: outputs.filter(ofMain),
    load,
    save: outputs.filter((anchor) => !ofMain(anchor) && uses(anchor, programFlow.save)),
  };
}

export function bringsData(model: Model, anchor: Anchor): boolean {
  return model.tensorData(anchor) !== undefined || model.feedData(anchor) !== undefined;
}

export function describeAnchors(model: Model, anchors: readonly Anchor[]): DataDesc[] {
  return anchors.map((anchor) => {
    const { dtype, shape } = anchor.tensorInfo;
    return Object.freeze({
      name: anchor.name,
      dtype,
      shape,
      axisNames: Object.freeze(shape.map(() => undefined)),
      sizeInBytes: anchor.tensorInfo.sizeInBytes(),
      popefContainsTensorData: bringsData(model, anchor) && !off("data_desc_has_data"),
    });
  });
}

/** The element type's number in ONNX, by which the native side knows it. */
export function typeCode(anchor: Anchor): number {
  return elementTypes[anchor.tensorInfo.dtype].code;
}

import { logChoice } from "../../native/log.ts";
import { off } from "../../native/switches.ts";
import type { Anchor } from "../../popef/index.ts";
import type { Deployment } from "./deployment.ts";
import { loadParts, type StreamPart } from "./load-parts.ts";
import { describeAnchors, typeCode } from "./model-anchors.ts";
import type { Plan } from "./on-cpu.ts";
import type { GpuDevice } from "./runner-device.ts";

/** Runs a program of kernels in host memory, or on CUDA devices, one for each replica. */
export async function onKernels(
  { model, config, anchors, signal }: Plan,
  gpus: readonly GpuDevice[] | undefined,
  op: string,
): Promise<Deployment> {
  const streams = (list: readonly Anchor[]) =>
    list.map((anchor): StreamPart => {
      return { name: anchor.name, handle: anchor.handle, type: typeCode(anchor), shape: anchor.tensorInfo.shape };
    });
  const kernels = {
    main: model.metadata.programFlow.main[0]!,
    inputs: streams(anchors.inputs),
    outputs: streams(anchors.outputs),
    checkPackageHash: config.checkPackageHash,
  };
  const parts = { kernels, ...(gpus && { cuda: { devices: gpus.map(handleOf), provider: "" } }) };
  const options = { wholeBatches: !off("whole_batches"), signal };
  // No engine of this process's runs it; the path is never looked at.
  const { loaded } = await loadParts(model.executable.data.bytes(), parts, "none", config, options, op);
  const places = gpus?.map(({ ordinal }) => `GPU ${ordinal}`).join(", ") ?? "the CPU";
  logChoice(`the kernels of model ${model.metadata.executable} run on ${places}`);
  return {
    model: loaded,
    otherInputs: [],
    otherOutputs: describeAnchors(model, anchors.save),
    close: async () => undefined,
  };
}

export function handleOf({ native }: GpuDevice): readonly [slot: number, generation: number] {
  return [native.slot, native.generation];
}

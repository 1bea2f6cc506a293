import { off } from "../../native/switches.ts";
import type { Plan, PlanRemoteBuffer, PlanStream, PlanTensor, Step } from "../executable/index.ts";
import type { ModelTensors } from "./model-tensors.ts";
import type { ResolvedOptions } from "./options.ts";

/** Numbers of the programs, as producers for TensorFlow have them. */
export const programs = { load: 0, main: 1, save: 2 } as const;

/** Handles of streams, as PopART names them, and of remote buffers. */
export const handles = {
  toDevice: (tensor: string) => `h2d_${tensor}`,
  fromDevice: (tensor: string) => `anchor_d2h_${tensor}`,
  weightFromDevice: (tensor: string) => `weight_d2h_${tensor}`,
  remote: (tensor: string) => `remote_${tensor}`,
} as const;

/**
 * The programs of a compiled graph: load brings the weights, main takes inputs and gives outputs `deviceIterations` times,
 * save takes the weights back.
 */
export function planOf({ inputs, weights, outputs }: ModelTensors, options: ResolvedOptions): Plan {
  const tensors = [...inputs, ...weights, ...outputs].map(
    ({ name, type, shape }): PlanTensor => ({ name, type, shape }),
  );
  const indices = (of: readonly unknown[], first: number) => of.map((_, index) => first + index);
  const graph = {
    inputs: indices(inputs, 0),
    weights: indices(weights, inputs.length),
    outputs: indices(outputs, inputs.length + weights.length),
  };
  const streams: PlanStream[] = [];
  const remoteBuffers: PlanRemoteBuffer[] = [];
  const stream = (tensor: number, handle: string, toDevice: boolean, ahead = false): number => {
    const { prefetch, bufferingDepth } = options;
    const early = ahead && prefetch;
    return streams.push({ handle, tensor, toDevice, depth: early ? bufferingDepth : 1, prefetch: early }) - 1;
  };
  const name = (tensor: number) => tensors[tensor]!.name;

  const load: Step[] = graph.weights.map((tensor, index) => {
    if (!options.remoteBuffers.includes(name(tensor)))
      return ["toTensor", stream(tensor, handles.toDevice(name(tensor)), true)];
    const buffer = { handle: handles.remote(name(tensor)), size: weights[index]!.byteLength, repeats: 1 };
    return ["remoteToTensor", remoteBuffers.push(buffer) - 1, tensor];
  });
  const take: Step[] = graph.inputs.map((tensor) => [
    "toTensor",
    stream(tensor, handles.toDevice(name(tensor)), true, true),
  ]);
  const give: Step[] = graph.outputs.map((tensor) => [
    "toStream",
    stream(tensor, handles.fromDevice(name(tensor)), false),
  ]);
  const save: Step[] = graph.weights.map((tensor) => [
    "toStream",
    stream(tensor, handles.weightFromDevice(name(tensor)), false),
  ]);

  const iteration: Step[] = [["sync"], ...take, ["graph"], ["sync"], ...give];
  const once = options.deviceIterations === 1 || off("compile_device_iterations");
  return {
    replicas: options.replicationFactor,
    tensors,
    streams,
    remoteBuffers,
    graph,
    programs: [
      { name: "load", steps: [["sync"], ...load] },
      { name: "main", steps: once ? iteration : [["repeat", options.deviceIterations, iteration]] },
      ...(options.saveProgram ? [{ name: "save", steps: [["sync"], ...save] as Step[] }] : []),
    ],
  };
}

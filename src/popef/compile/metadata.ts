import type { AnchorOptions } from "../anchor.ts";
import { Metadata } from "../metadata.ts";

import { TensorType } from "../tensor-type.ts";
import type { ModelTensors, NamedTensor } from "./model-tensors.ts";
import type { ResolvedOptions } from "./options.ts";
import { handles, programs } from "./program.ts";

/** What a session needs to know of the executable. */
export function metadataOf(executable: string, tensors: ModelTensors, options: ResolvedOptions): Metadata {
  const hasWeights = tensors.weights.length > 0;
  const names = Object.entries(programs).filter(([name]) => name !== "save" || options.saveProgram);
  return new Metadata({
    executable,
    replicationFactor: options.replicationFactor,
    numIpus: options.numIpus,
    ipuVersion: options.ipuVersion,
    deviceIterations: options.deviceIterations,
    engineOptions: optionsOf(options.engineOptions),
    deviceOptions: optionsOf(options.deviceOptions),
    anchors: anchorsOf(tensors, options),
    programFlow: {
      load: hasWeights ? [programs.load] : [],
      main: [programs.main],
      save: hasWeights && options.saveProgram ? [programs.save] : [],
    },
    programsMap: new Map(names.map(([name, number]) => [number, name])),
  });
}

function anchorsOf({ inputs, weights, outputs }: ModelTensors, options: ResolvedOptions): AnchorOptions[] {
  const replicas = options.replicationFactor;
  const streamed = ({ name, shape, dataType }: NamedTensor, handle: string, type: TensorType): AnchorOptions => ({
    name,
    handle,
    type,
    tensorInfo: { dataType, shape: replicas === 1 ? shape : [replicas, ...shape] },
    isPerReplica: replicas > 1,
    programs: [programs.main],
  });
  // There is one of each weight, whatever the number of replicas.
  const weight = ({ name, shape, dataType }: NamedTensor) => ({ name, tensorInfo: { dataType, shape } });
  const loaded = (tensor: NamedTensor): AnchorOptions => {
    const useRemoteBuffers = options.remoteBuffers.includes(tensor.name);
    const handle = useRemoteBuffers ? handles.remote(tensor.name) : handles.toDevice(tensor.name);
    return { ...weight(tensor), handle, useRemoteBuffers, type: TensorType.Input, programs: [programs.load] };
  };
  const saved = (tensor: NamedTensor): AnchorOptions => {
    const handle = handles.weightFromDevice(tensor.name);
    return { ...weight(tensor), handle, type: TensorType.Output, programs: [programs.save] };
  };
  return [
    ...inputs.map((tensor) => streamed(tensor, handles.toDevice(tensor.name), TensorType.Input)),
    ...outputs.map((tensor) => streamed(tensor, handles.fromDevice(tensor.name), TensorType.Output)),
    ...weights.map(loaded),
    ...(options.saveProgram ? weights.map(saved) : []),
  ];
}

function optionsOf(options: { readonly [option: string]: string }): { name: string; value: string }[] {
  return Object.entries(options).map(([name, value]) => ({ name, value }));
}

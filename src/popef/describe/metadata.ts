import type { Anchor } from "../anchor.ts";
import type { Metadata } from "../metadata.ts";
import type { Option } from "../option.ts";

/** The lines of one model's metadata. */
export function describeMetadata(metadata: Metadata): string[] {
  const { load, main, save } = metadata.programFlow;
  return [
    `of executable ${JSON.stringify(metadata.executable)}: ${metadata.isInference ? "inference" : "training"}`,
    `replicas ${metadata.replicationFactor}, IPUs ${metadata.numIpus} of version ${metadata.ipuVersion}${metadata.isPOD ? " in a Pod" : ""}, processes ${metadata.numProcesses}, device iterations ${metadata.deviceIterations}`,
    ...(metadata.seedHandle === "" ? [] : [`seed handle ${JSON.stringify(metadata.seedHandle)}`]),
    `programs: load [${load}], main [${main}], save [${save}]`,
    ...Array.from(metadata.programsMap, ([number, name]) => `program ${number} is ${JSON.stringify(name)}`),
    ...metadata.engineOptions.map((option) => describeOption("engine", option)),
    ...metadata.deviceOptions.map((option) => describeOption("device", option)),
    ...metadata.anchors.map(describeAnchor),
  ];
}

function describeOption(of: string, { name, value }: Option): string {
  return `${of} option ${JSON.stringify(name)} = ${JSON.stringify(value)}`;
}

function describeAnchor(anchor: Anchor): string {
  return [
    `anchor ${JSON.stringify(anchor.name)}: ${anchor.type}, ${anchor.tensorInfo}`,
    anchor.handle === "" ? "not streamed" : `handle ${JSON.stringify(anchor.handle)}`,
    `programs [${anchor.programs}]`,
    ...(anchor.isPerReplica ? ["per replica"] : []),
    ...(anchor.useRemoteBuffers ? [`remote buffer of ${anchor.repeats} blocks`] : []),
  ].join(", ");
}

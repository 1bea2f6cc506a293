import { encodeExecutable, type Step } from "../../src/popef/executable/index.ts";
import { type Model, ModelBuilder, Reader, Writer } from "../../src/popef/index.ts";

export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface CopyOptions {
  /** Iterations of one run of the main program; 1. */
  readonly iterations?: number;
  readonly prefetch?: boolean;
  readonly depth?: number;
}

// Of TensorProto.
const float32 = 1;

/** A model without a graph: what comes in as `x` (float32) goes out as `x_out`. */
export function copyModel(ports: readonly Port[], options: CopyOptions = {}): Model {
  const { iterations = 1, prefetch = true, depth = 2 } = options;
  const into = ports.map((_, index): Step => ["toTensor", index]);
  const out = ports.map((_, index): Step => ["toStream", ports.length + index]);
  const round: Step[] = [["sync"], ...into, ["sync"], ...out];
  const executable = encodeExecutable(
    {
      replicas: 1,
      tensors: ports.map(({ name, shape }) => ({ name, type: float32, shape })),
      streams: [
        ...ports.map(({ name }, tensor) => ({ handle: `h2d_${name}`, tensor, toDevice: true, depth, prefetch })),
        ...ports.map(({ name }, tensor) => ({
          handle: `d2h_${name}`,
          tensor,
          toDevice: false,
          depth: 1,
          prefetch: false,
        })),
      ],
      remoteBuffers: [],
      graph: { inputs: [], outputs: [], weights: [] },
      programs: [{ name: "main", steps: [["repeat", iterations, round]] }],
    },
    new Uint8Array(0),
  );
  const writer = new Writer();
  writer.write({
    executable: "copy",
    deviceIterations: iterations,
    programFlow: { main: [0] },
    anchors: ports.flatMap(({ name, shape }) => {
      const shared = { tensorInfo: { shape }, programs: [0] };
      return [
        { ...shared, name, handle: `h2d_${name}`, type: "input" as const },
        { ...shared, name: `${name}_out`, handle: `d2h_${name}`, type: "output" as const },
      ];
    }),
  });
  const blob = writer.createExecutable("copy");
  blob.write(executable);
  blob.close();
  using reader = new Reader();
  return new ModelBuilder(reader.parseBytes(writer.bytes())).createModel();
}

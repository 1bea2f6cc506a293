import { checkOperands } from "./check-operands.ts";
import type { PlanRemoteBuffer, PlanStream, PlanTensor, Step } from "./plan.ts";
import type { PlanReader } from "./plan-reader.ts";

const stepsMax = 65_536;
const nestingMax = 8;
const scalarsMax = 64;
const timesMax = Number.MAX_SAFE_INTEGER;

export interface Known {
  readonly tensors: readonly PlanTensor[];
  readonly streams: readonly PlanStream[];
  readonly buffers: readonly PlanRemoteBuffer[];
  /** Tensors that are the graph's external initializers. */
  readonly weights: ReadonlySet<number>;
  /** Bytes of each tensor. */
  readonly sizes: readonly number[];
}

type Make = (reader: PlanReader, operands: readonly unknown[], at: string, known: Known, nesting: number) => Step;

/** Each step with the number of its operands, its name not counted, and its check. */
const kinds: { readonly [name: string]: readonly [operands: number, make: Make] } = {
  sync: [0, () => ["sync"]],
  graph: [0, () => ["graph"]],
  toTensor: [1, (reader, [stream], at, known) => ["toTensor", streamOf(reader, stream, at, known, true)]],
  toStream: [1, (reader, [stream], at, known) => ["toStream", streamOf(reader, stream, at, known, false)]],
  repeat: [
    2,
    (reader, [times, steps], at, known, nesting) => {
      if (nesting === nestingMax) throw reader.fail(`${at} is nested more than ${nestingMax} deep`);
      return [
        "repeat",
        reader.integer(times, `${at}[1]`, 0, timesMax),
        checkSteps(reader, steps, `${at}[2]`, known, nesting + 1),
      ];
    },
  ],
  remoteToTensor: [2, (reader, [b, t], at, known) => ["remoteToTensor", ...remote(reader, b, t, at, known)]],
  tensorToRemote: [
    2,
    (reader, [t, b], at, known) => {
      const [buffer, tensor] = remote(reader, b, t, at, known);
      return ["tensorToRemote", tensor, buffer];
    },
  ],
  kernel: [
    3,
    (reader, [name, operands, scalars], at, known) => [
      "kernel",
      reader.text(name, `${at}[1]`),
      checkOperands(reader, operands, `${at}[2]`, known),
      reader.list(scalars, `${at}[3]`, scalarsMax, (scalar, where) => reader.number(scalar, where)),
    ],
  ],
};

export function checkSteps(reader: PlanReader, value: unknown, at: string, known: Known, nesting = 0): Step[] {
  return reader.list(value, at, stepsMax, (item, where) => {
    const [name, ...operands] = reader.array(item, where, 4);
    const kind = typeof name === "string" && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw reader.fail(`${where} is no step of the version that is known here`);
    if (operands.length !== kind[0]) throw reader.fail(`${where} has ${operands.length} operands, not ${kind[0]}`);
    return kind[1](reader, operands, where, known, nesting);
  });
}

function streamOf(reader: PlanReader, value: unknown, at: string, known: Known, toDevice: boolean): number {
  const index = reader.index(value, `${at}[1]`, known.streams);
  if (known.streams[index]!.toDevice !== toDevice) throw reader.fail(`${at} uses its stream in the wrong direction`);
  return index;
}

function remote(reader: PlanReader, buffer: unknown, tensor: unknown, at: string, known: Known): [number, number] {
  const b = reader.index(buffer, `${at}: its buffer`, known.buffers);
  const t = reader.index(tensor, `${at}: its tensor`, known.tensors);
  const { size } = known.buffers[b]!;
  if (size !== known.sizes[t])
    throw reader.fail(`${at} copies a block of ${size} bytes and a tensor of ${known.sizes[t]}`);
  return [b, t];
}

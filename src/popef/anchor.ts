import { switchable } from "../native/switches.ts";
import { requireCount, requireText } from "./requirements.ts";
import { type TensorInfo, type TensorInfoOptions, tensorInfoOf } from "./tensor-info.ts";
import { TensorType } from "./tensor-type.ts";

export interface AnchorOptions {
  /** The tensor's name. A weight has two anchors of one name: an input and an output. */
  readonly name: string;
  /** The stream's or remote buffer's name in the executable, unique in a model; `""`: the tensor is not streamed. */
  readonly handle?: string | undefined;
  readonly tensorInfo: TensorInfo | TensorInfoOptions;
  readonly type?: TensorType | undefined;
  /** Programs that use it. */
  readonly programs?: readonly number[] | undefined;
  /** Each replica has data of its own; the shape's first axis is then the replica. */
  readonly isPerReplica?: boolean | undefined;
  /** The data lies in a remote buffer (off-chip memory), not in a stream. */
  readonly useRemoteBuffers?: boolean | undefined;
  /** Equal blocks in the remote buffer; 1 unless given. */
  readonly repeats?: number | undefined;
}

const defaults = switchable("Anchor", {
  handle: "",
  type: TensorType.Unknown as TensorType,
  programs: [] as readonly number[],
  isPerReplica: false,
  useRemoteBuffers: false,
  repeats: 1,
});

/** One place where a model's data goes in or comes out. */
export class Anchor {
  readonly name: string;
  readonly handle: string;
  readonly tensorInfo: TensorInfo;
  readonly type: TensorType;
  readonly programs: readonly number[];
  readonly isPerReplica: boolean;
  readonly useRemoteBuffers: boolean;
  readonly repeats: number;

  /** @throws ArgumentError `invalid_argument`, `invalid_shape`, `invalid_dtype` */
  constructor(options: AnchorOptions) {
    const op = "Anchor";
    this.name = requireText(options.name, "name", op);
    this.handle = requireText(options.handle ?? defaults.handle, "handle", op);
    this.tensorInfo = tensorInfoOf(options.tensorInfo);
    this.type = options.type ?? defaults.type;
    this.programs = Object.freeze(
      (options.programs ?? defaults.programs).map((program) => requireCount(program, "a program", op)),
    );
    this.isPerReplica = options.isPerReplica ?? defaults.isPerReplica;
    this.useRemoteBuffers = options.useRemoteBuffers ?? defaults.useRemoteBuffers;
    this.repeats = requireCount(options.repeats ?? defaults.repeats, "repeats", op);
  }
}

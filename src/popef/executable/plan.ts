/** What an executable of ours holds beside its graph; `docs/executable.md` explains every part. */
export interface Plan {
  /** Copies of every tensor that is no weight, each with streams of its own. */
  readonly replicas: number;
  /** Memory of the device; steps and the graph name them by index. */
  readonly tensors: readonly PlanTensor[];
  readonly streams: readonly PlanStream[];
  readonly remoteBuffers: readonly PlanRemoteBuffer[];
  /** Tensors by index, in the order of the graph's own inputs and outputs; `weights` are its external initializers. */
  readonly graph: PlanGraph;
  /** A program's index is its number in the model's program flow. */
  readonly programs: readonly PlanProgram[];
}

export interface PlanTensor {
  readonly name: string;
  /** ONNX's `TensorProto.DataType`. */
  readonly type: number;
  readonly shape: readonly number[];
}

export interface PlanStream {
  readonly handle: string;
  readonly tensor: number;
  /** The host writes. */
  readonly toDevice: boolean;
  /** Elements that may be buffered ahead. */
  readonly depth: number;
  /** The device may ask for elements before it needs them. */
  readonly prefetch: boolean;
}

export interface PlanRemoteBuffer {
  readonly handle: string;
  /** Bytes of one block. */
  readonly size: number;
  /** Blocks. */
  readonly repeats: number;
}

export interface PlanGraph {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly weights: readonly number[];
}

export interface PlanProgram {
  readonly name: string;
  readonly steps: readonly Step[];
}

export type Step =
  | readonly ["sync"]
  | readonly ["toTensor", stream: number]
  | readonly ["toStream", stream: number]
  | readonly ["graph"]
  | readonly ["repeat", times: number, steps: readonly Step[]]
  | readonly ["remoteToTensor", buffer: number, tensor: number]
  | readonly ["tensorToRemote", tensor: number, buffer: number]
  | readonly ["kernel", name: string, operands: readonly PlanOperand[], scalars: readonly number[]];

/** What a kernel works on: a tensor, or a view of one. */
export interface PlanOperand {
  readonly tensor: number;
  /** Bytes from the tensor's begin to the view's first element, a multiple of the element's size. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements from one index of an axis to the next: negative runs backwards, 0 repeats. */
  readonly strides: readonly number[];
}

/** An ONNX model as `schema.ts` reads it: the members that compiling looks at. Those that are absent are undefined. */
export interface ModelProto {
  irVersion: bigint;
  graph?: GraphProto | undefined;
}

export interface GraphProto {
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
}

export interface NodeProto {
  input: string[];
  opType: string;
  attribute: AttributeProto[];
}

export interface AttributeProto {
  t?: TensorProto | undefined;
  tensors: TensorProto[];
  g?: GraphProto | undefined;
  graphs: GraphProto[];
}

export interface ValueInfoProto {
  name: string;
  type?: { tensorType?: TensorType | undefined } | undefined;
}

export interface TensorType {
  elemType: number;
  shape?: { dim: Dimension[] } | undefined;
}

export interface Dimension {
  value:
    | { case: "dimValue"; value: bigint }
    | { case: "dimParam"; value: string }
    | { case: undefined; value?: undefined };
}

export interface TensorProto {
  name: string;
  dims: bigint[];
  dataType: number;
  /** Empty where it is absent, as are the lists. */
  rawData?: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: bigint[];
  doubleData: number[];
  uint64Data: bigint[];
  externalData: { key: string; value: string }[];
  /** 0: in the model; 1: outside. */
  dataLocation: number;
}

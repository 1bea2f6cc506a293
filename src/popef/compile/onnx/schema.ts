import { create, createFileRegistry, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import type { ModelProto } from "./proto.ts";

/** Number, type and whether it repeats; members of a message that stand in `oneof` exclude each other. */
type Field = readonly [number: number, type: string, rule?: "repeated" | "packed" | "oneof"];

/**
 * The part of ONNX's protocol buffer that compiling reads or changes, with ONNX's own field numbers. Every other field
 * is unknown here, which means that it is written back as it was read.
 */
const messages: { readonly [message: string]: { readonly [field: string]: Field } } = {
  ModelProto: { ir_version: [1, "int64"], graph: [7, "GraphProto"] },
  GraphProto: {
    node: [1, "NodeProto", "repeated"],
    initializer: [5, "TensorProto", "repeated"],
    input: [11, "ValueInfoProto", "repeated"],
    output: [12, "ValueInfoProto", "repeated"],
    value_info: [13, "ValueInfoProto", "repeated"],
  },
  NodeProto: {
    input: [1, "string", "repeated"],
    op_type: [4, "string"],
    attribute: [5, "AttributeProto", "repeated"],
  },
  AttributeProto: {
    t: [5, "TensorProto"],
    g: [6, "GraphProto"],
    tensors: [10, "TensorProto", "repeated"],
    graphs: [11, "GraphProto", "repeated"],
  },
  ValueInfoProto: { name: [1, "string"], type: [2, "TypeProto"] },
  TypeProto: { tensor_type: [1, "TensorType"] },
  TensorType: { elem_type: [1, "int32"], shape: [2, "TensorShapeProto"] },
  TensorShapeProto: { dim: [1, "Dimension", "repeated"] },
  Dimension: { dim_value: [1, "int64", "oneof"], dim_param: [2, "string", "oneof"] },
  TensorProto: {
    dims: [1, "int64", "repeated"],
    data_type: [2, "int32"],
    float_data: [4, "float", "packed"],
    int32_data: [5, "int32", "packed"],
    int64_data: [7, "int64", "packed"],
    name: [8, "string"],
    raw_data: [9, "bytes"],
    double_data: [10, "double", "packed"],
    uint64_data: [11, "uint64", "packed"],
    external_data: [13, "StringStringEntryProto", "repeated"],
    data_location: [14, "int32"],
  },
  StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
};

const scalars: { readonly [name: string]: Type } = {
  int32: Type.INT32,
  int64: Type.INT64,
  uint64: Type.UINT64,
  float: Type.FLOAT,
  double: Type.DOUBLE,
  string: Type.STRING,
  bytes: Type.BYTES,
};

function describe(name: string, fields: { readonly [field: string]: Field }): DescriptorProto {
  const exclusive = Object.values(fields).some(([, , rule]) => rule === "oneof");
  return create(DescriptorProtoSchema, {
    name,
    oneofDecl: exclusive ? [{ name: "value" }] : [],
    field: Object.entries(fields).map(([field, [number, type, rule]]) =>
      create(FieldDescriptorProtoSchema, {
        name: field,
        number,
        label: rule === "repeated" || rule === "packed" ? Label.REPEATED : Label.OPTIONAL,
        ...(type in scalars ? { type: scalars[type]! } : { type: Type.MESSAGE, typeName: `.onnx.${type}` }),
        ...(rule === "packed" ? { options: { packed: true } } : {}),
        ...(rule === "oneof" ? { oneofIndex: 0 } : {}),
      }),
    ),
  });
}

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "onnx.proto",
    package: "onnx",
    syntax: "proto2",
    messageType: Object.entries(messages).map(([name, fields]) => describe(name, fields)),
  }),
  () => undefined,
);

const schema = (message: string): DescMessage => registry.getMessage(`onnx.${message}`)!;
const modelSchema = schema("ModelProto");

/** Raw data and unknown fields of the result lie in `bytes`. Throws what the library throws. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return fromBinary(modelSchema, bytes) as unknown as ModelProto;
}

export function encodeModel(model: ModelProto): Uint8Array {
  return toBinary(modelSchema, model as never);
}

/** A message of the schema, for what compiling adds to a model. */
export function make<T>(message: string, members: T): T {
  return create(schema(message), members as never) as unknown as T;
}

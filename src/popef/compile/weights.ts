import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import { elementTypes } from "../../tensor/index.ts";
import { dataTypeOf } from "../data-type.ts";
import type { NamedTensor } from "./model-tensors.ts";
import { externalRange, type FileRange, isExternal, readExternal } from "./onnx/external-data.ts";
import { attributeTensorsOf, bodiesOf } from "./onnx/graphs.ts";
import type { GraphProto, TensorProto } from "./onnx/proto.ts";
import { make } from "./onnx/schema.ts";
import { shapeValuesOf } from "./onnx/shape-inputs.ts";
import { byteSizeOf, bytesOf, dtypeOfCode, shapeOf } from "./onnx/tensor-bytes.ts";

/** Smaller initializers stay in the graph: a stream of their own would cost more than it is good for. */
const weightBytesMin = 128;
/** Of a protocol buffer. */
const modelBytesMax = 0x7fff_ffff;

/** A tensor that the load program brings. */
export interface Weight extends NamedTensor {
  readonly byteLength: number;
  /** Where the elements are: in the model's bytes, or in a file beside it. */
  readonly data: Uint8Array | FileRange;
}

/**
 * Takes the weights out of a graph: main-graph initializers from 128 bytes on, unless the shape of something depends on
 * their values or they are outputs. What stays, and lay in a file beside the model, comes into the model.
 *
 * @throws FormatError `invalid_model`; NotFoundError `file_not_found`
 */
export async function takeWeights(graph: GraphProto, folder: string | undefined, op: string): Promise<Weight[]> {
  const staying = shapeValuesOf(graph);
  if (off("compile_shape_inputs")) staying.clear();
  for (const { name } of graph.output) staying.add(name);
  const weights: Weight[] = [];
  const inline: TensorProto[] = [];
  let offset = 0;
  for (const tensor of graph.initializer) {
    const weight = staying.has(tensor.name) ? undefined : weightOf(tensor, folder, op);
    if (weight === undefined) {
      inline.push(tensor);
      continue;
    }
    weights.push(weight);
    putOutside(tensor, offset, weight.byteLength);
    offset += weight.byteLength;
  }
  for (const body of bodiesOf(graph)) inline.push(...body.initializer);
  inline.push(...attributeTensorsOf(graph));
  await bringInside(inline.filter(isExternal), folder, op);
  return weights;
}

function weightOf(tensor: TensorProto, folder: string | undefined, op: string): Weight | undefined {
  const dtype = dtypeOfCode(tensor.dataType);
  const dataType = dtype && dataTypeOf(dtype);
  const byteLength = byteSizeOf(tensor);
  if (dtype === undefined || dataType === undefined || byteLength === undefined) return undefined;
  if (byteLength < weightBytesMin && !off("compile_small_initializers")) return undefined;
  const data = isExternal(tensor) ? externalRange(tensor, folder, op) : bytesOf(tensor);
  if (data === undefined) return undefined;
  return {
    name: tensor.name,
    dataType,
    type: elementTypes[dtype].code,
    shape: shapeOf(tensor),
    byteLength,
    data,
  };
}

/**
 * Leaves name, type and shape. The elements are given to the engine by name, or as one file "*" in memory, in which all
 * weights lie one behind the other.
 */
function putOutside(tensor: TensorProto, offset: number, length: number): void {
  dropElements(tensor);
  tensor.dataLocation = 1;
  tensor.externalData = Object.entries({ location: "*", offset: `${offset}`, length: `${length}` }).map(
    ([key, value]) => make("StringStringEntryProto", { key, value }),
  );
}

async function bringInside(tensors: readonly TensorProto[], folder: string | undefined, op: string): Promise<void> {
  const ranges = tensors.map((tensor) => externalRange(tensor, folder, op));
  const size = ranges.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (size > modelBytesMax) {
    const message = `${size} bytes of weights beside the model cannot be streamed and do not fit into a graph.`;
    throw makeError("invalid_model", {
      op,
      message,
      hint: "Weights of a type that PopEF lacks, such as bfloat16, cannot.",
    });
  }
  const bytes = await Promise.all(tensors.map((tensor, index) => readExternal(tensor, ranges[index]!, op)));
  for (const [index, tensor] of tensors.entries()) {
    dropElements(tensor);
    tensor.rawData = bytes[index]!;
    tensor.externalData = [];
    tensor.dataLocation = 0;
  }
}

function dropElements(tensor: TensorProto): void {
  // Absent, not empty: the engine takes an empty one for data.
  delete tensor.rawData;
  tensor.floatData = [];
  tensor.int32Data = [];
  tensor.int64Data = [];
  tensor.doubleData = [];
  tensor.uint64Data = [];
}

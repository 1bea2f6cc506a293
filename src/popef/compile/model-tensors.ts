import { makeError } from "../../native/error.ts";
import { Shape } from "../../tensor/index.ts";
import { type DataType, dataTypeOf } from "../data-type.ts";
import type { GraphPort } from "./describe-graph.ts";
import { dtypeOfCode } from "./onnx/tensor-bytes.ts";

/** A tensor of the compiled graph; the shape is that of one replica's. */
export interface NamedTensor {
  readonly name: string;
  readonly dataType: DataType;
  /** `TensorProto.DataType`. */
  readonly type: number;
  readonly shape: readonly number[];
}

export interface ModelTensors {
  readonly inputs: readonly NamedTensor[];
  readonly weights: readonly (NamedTensor & { readonly byteLength: number })[];
  readonly outputs: readonly NamedTensor[];
}

/** @throws ArgumentError `unsupported_type`, `dynamic_shape` */
export function tensorOf({ name, kind, type, shape }: GraphPort, what: string, op: string): NamedTensor {
  const dtype = kind === 1 ? dtypeOfCode(type) : undefined;
  const dataType = dtype && dataTypeOf(dtype);
  if (dataType === undefined) {
    const message = `the ${what} "${name}" is ${dtype ? `of type ${dtype}, which PopEF lacks` : "no plain tensor"}.`;
    const hint = dtype && "Give the model inputs and outputs of another type, or run the ONNX file itself.";
    throw makeError("unsupported_type", { op, message, hint });
  }
  if (shape.some((size) => size < 0)) {
    const message = `the ${what} "${name}" has the shape ${Shape.format(shape)}; -1 is known only at run time.`;
    throw makeError("dynamic_shape", { op, message });
  }
  return { name, dataType, type, shape };
}

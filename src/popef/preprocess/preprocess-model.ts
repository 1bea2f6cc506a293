import { checkInteger } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import { type DType, elementType } from "../../tensor/index.ts";
import type { AnchorOptions } from "../anchor.ts";
import { CompiledModel } from "../compile/compiled-model.ts";
import { type DataType, dataTypeOf } from "../data-type.ts";
import { encodeExecutable, type Plan, type PlanOperand } from "../executable/index.ts";
import { Metadata } from "../metadata.ts";
import { MemorySource } from "../storage/memory-source.ts";
import { TensorType } from "../tensor-type.ts";
import { BatchLayout, type PixelSize, type PreprocessModelOptions } from "./options.ts";
import { channelsOf, sampleScalars } from "./scalars.ts";

/** Positions are computed in twice the product of two sizes. */
const sideMax = 2 ** 30;
const colors = ["rgb", "bgr", "gray"] as const;

interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly dataType: DataType;
  readonly shape: readonly number[];
}

/**
 * A PopEF model that makes a model's input of images, in one pass over the pixels: crop, resize or letterbox, colour, normalization,
 * element type, layout. It runs on this machine's processor and on CUDA devices, without ONNX Runtime. Run it, or `write` it to a
 * file; close it.
 *
 * ```ts
 * using model = preprocessModel({
 *   input: { width: 1920, height: 1080 },
 *   size: { width: 224, height: 224 },
 *   normalize: "unit",
 *   batchSize: 16,
 * });
 * await using preprocess = await ModelRunner.load(model);
 * const { images } = await preprocess.executeAsync({ image: frames });   // float32 [16,3,224,224]
 * ```
 *
 * @throws ArgumentError `invalid_argument`; `invalid_dtype`, `unsupported_type`: an element type that PopEF lacks
 */
export function preprocessModel(options: PreprocessModelOptions): CompiledModel {
  const op = "preprocessModel";
  const { input, batchSize = 1 } = options;
  const images = checkInteger(batchSize, "batchSize", op, 1, sideMax);
  const from = oneOf(colors, input.color ?? "rgb", "input.color", op);
  const to = oneOf(colors, options.color ?? from, "color", op);
  oneOf(["nearest", "bilinear"], options.interpolation ?? "bilinear", "interpolation", op);
  oneOf([undefined, "unit", "tf", "meanStd"], options.normalize, "normalize", op);
  const source = canonical(images, input, channelsOf(from), "input", op);
  const result = canonical(images, options.size ?? input, channelsOf(to), "size", op);
  const layouts = {
    source: oneOf(Object.values(BatchLayout), input.layout ?? "NHWC", "input.layout", op),
    result: oneOf(Object.values(BatchLayout), options.layout ?? "NCHW", "layout", op),
  };
  const inputs = [
    portOf(input.name ?? "image", input.dtype ?? "uint8", inLayout(source, layouts.source), op),
    ...(options.boxes === true ? [portOf("boxes", "int32", [images, 4], op)] : []),
  ];
  const output = portOf(options.output ?? "images", options.dtype ?? "float32", inLayout(result, layouts.result), op);
  const operands = [
    view(inputs.length, result, layouts.result),
    view(0, source, layouts.source),
    ...(options.boxes === true ? [{ tensor: 1, offset: 0, shape: [images, 4], strides: [4, 1] }] : []),
  ];
  return modelOf(
    inputs,
    output,
    planOf(inputs, output, operands, sampleScalars(options, from, to, op)),
    options.name,
    op,
  );
}

/** Images, rows, columns, channels. */
type Canonical = readonly [number, number, number, number];

function canonical(images: number, size: PixelSize, channels: number, what: string, op: string): Canonical {
  const side = (name: "width" | "height") => checkInteger(size?.[name], `${what}.${name}`, op, 1, sideMax);
  return [images, side("height"), side("width"), channels];
}

function inLayout([images, height, width, channels]: Canonical, layout: BatchLayout): readonly number[] {
  return layout === "NHWC" ? [images, height, width, channels] : [images, channels, height, width];
}

/** A tensor with its axes in the kernel's order, whatever the layout: the strides say where they are. */
function view(tensor: number, shape: Canonical, layout: BatchLayout): PlanOperand {
  const [, height, width, channels] = shape;
  const pixels = height * width;
  const strides =
    layout === "NHWC" ? [pixels * channels, width * channels, channels, 1] : [pixels * channels, width, 1, pixels];
  return { tensor, offset: 0, shape, strides };
}

function portOf(name: string, dtype: DType, shape: readonly number[], op: string): Port {
  const type = elementType(dtype, op);
  const dataType = dataTypeOf(type.name);
  if (dataType !== undefined) return { name, dtype: type.name, dataType, shape };
  throw makeError("unsupported_type", { op, message: `"${name}" is of type ${type.name}, which PopEF lacks.` });
}

function oneOf<T>(allowed: readonly T[], value: T, what: string, op: string): T {
  if (allowed.includes(value)) return value;
  throw makeError("invalid_argument", {
    op,
    message: `${what} is ${JSON.stringify(value)}.`,
    hint: `Use one of ${allowed.filter((one) => one !== undefined).join(", ")}.`,
  });
}

const handleOf = (name: string, toDevice: boolean) => (toDevice ? `h2d_${name}` : `anchor_d2h_${name}`);

function planOf(inputs: readonly Port[], output: Port, operands: PlanOperand[], scalars: number[]): Plan {
  const ports = [...inputs, output];
  const streams = ports.map(({ name }, tensor) => {
    const toDevice = tensor < inputs.length;
    return { handle: handleOf(name, toDevice), tensor, toDevice, depth: 1, prefetch: false };
  });
  return {
    replicas: 1,
    tensors: ports.map(({ name, dtype, shape }) => ({ name, type: elementType(dtype).code, shape })),
    streams,
    remoteBuffers: [],
    graph: { inputs: [], outputs: [], weights: [] },
    programs: [
      {
        name: "main",
        steps: [
          ["sync"],
          ...inputs.map((_, stream) => ["toTensor", stream] as const),
          ["kernel", "sample", operands, scalars],
          ["sync"],
          ["toStream", inputs.length],
        ],
      },
    ],
  };
}

function modelOf(
  inputs: readonly Port[],
  output: Port,
  plan: Plan,
  name: string | undefined,
  op: string,
): CompiledModel {
  const bytes = encodeExecutable(plan, new Uint8Array(0), op);
  const executable = name ?? new Bun.CryptoHasher("sha256").update(bytes).digest("hex").slice(0, 16);
  const anchor = ({ name: own, dataType, shape }: Port, toDevice: boolean): AnchorOptions => ({
    name: own,
    handle: handleOf(own, toDevice),
    type: toDevice ? TensorType.Input : TensorType.Output,
    tensorInfo: { dataType, shape },
    programs: [0],
  });
  const metadata = new Metadata({
    executable,
    anchors: [...inputs.map((port) => anchor(port, true)), anchor(output, false)],
    programFlow: { load: [], main: [0], save: [] },
    programsMap: new Map([[0, "main"]]),
  });
  const source = MemorySource.of([bytes], `executable ${JSON.stringify(executable)}`, op);
  try {
    return new CompiledModel(metadata, source, []);
  } finally {
    // The model shares it.
    source.release();
  }
}

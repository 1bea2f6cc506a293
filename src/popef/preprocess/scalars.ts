import { makeError } from "../../native/error.ts";
import type { PreprocessModelOptions } from "./options.ts";

type Color = "rgb" | "bgr" | "gray";

/** Red, green and blue in luma, as ITU-R BT.601 has it. */
const luma = { rgb: [0.299, 0.587, 0.114], bgr: [0.114, 0.587, 0.299], gray: [1, 0, 0] } as const;
/** The source channel of each channel of a result; -1: the weighted sum. */
const channelsFrom: { readonly [To in Color]: { readonly [From in Color]: readonly number[] } } = {
  rgb: { rgb: [0, 1, 2], bgr: [2, 1, 0], gray: [0, 0, 0] },
  bgr: { rgb: [2, 1, 0], bgr: [0, 1, 2], gray: [0, 0, 0] },
  gray: { rgb: [-1], bgr: [-1], gray: [0] },
};

export function channelsOf(color: Color): number {
  return color === "gray" ? 1 : 3;
}

/** The numbers that the kernel `sample` takes, in its order. @throws ArgumentError `invalid_argument` */
export function sampleScalars(options: PreprocessModelOptions, from: Color, to: Color, op: string): number[] {
  const { interpolation = "bilinear", letterbox = false, padding = 127 } = options;
  if (!Number.isFinite(padding)) throw makeError("invalid_argument", { op, message: `padding is ${padding}.` });
  const { scale, bias } = scaling(options, channelsOf(to), op);
  return [
    interpolation === "bilinear" ? 1 : 0,
    letterbox ? 1 : 0,
    padding,
    ...four(channelsFrom[to][from]),
    ...luma[from],
    ...four(scale),
    ...four(bias),
  ];
}

function four(values: readonly number[]): number[] {
  return [...values, 0, 0, 0].slice(0, 4);
}

/** `scale * x + bias` for each channel. */
function scaling({ normalize, mean, std }: PreprocessModelOptions, channels: number, op: string) {
  if (normalize !== "meanStd" && (mean !== undefined || std !== undefined))
    throw makeError("invalid_argument", { op, message: 'mean and std go with normalize: "meanStd".' });
  const same = (scale: number, bias: number) => ({
    scale: new Array<number>(channels).fill(scale),
    bias: new Array<number>(channels).fill(bias),
  });
  if (normalize === undefined) return same(1, 0);
  if (normalize === "unit") return same(1 / 255, 0);
  if (normalize === "tf") return same(1 / 127.5, -1);
  const means = perChannel(mean, "mean", channels, op);
  const deviations = perChannel(std, "std", channels, op);
  if (deviations.includes(0)) throw makeError("invalid_argument", { op, message: "a std is 0." });
  return {
    scale: deviations.map((deviation) => 1 / (255 * deviation)),
    bias: deviations.map((deviation, channel) => -means[channel]! / deviation),
  };
}

function perChannel(values: readonly number[] | undefined, name: string, channels: number, op: string) {
  if (values?.length === channels && values.every(Number.isFinite)) return values;
  const is = values === undefined ? "missing" : `[${values.join(",")}]`;
  throw makeError("invalid_argument", { op, message: `${name} is ${is}; the result has ${channels} channels.` });
}

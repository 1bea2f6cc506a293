import { makeError } from "../../../native/error.ts";
import { describeValue } from "../../../tensor/typed-array.ts";
import { checkMember } from "./member.ts";

/** How pixel values of 0 to 255 become a model's input. */
export const Normalization = {
  /** `x / 255`: 0 to 1. */
  unit: "unit",
  /** `x / 127.5 - 1`: -1 to 1, as TensorFlow's models want it. */
  tf: "tf",
  /** `(x / 255 - mean) / std`, by channel. */
  meanStd: "meanStd",
} as const;
export type Normalization = (typeof Normalization)[keyof typeof Normalization];

export interface NormalizeOptions {
  readonly normalize?: Normalization | undefined;
  /** For `meanStd`: one number for each channel of the result. */
  readonly mean?: readonly number[] | undefined;
  /** For `meanStd`: likewise; no 0. */
  readonly std?: readonly number[] | undefined;
}

/** `scale * x + bias`, by channel. */
export interface ScaleAndBias {
  readonly scale: readonly number[];
  readonly bias: readonly number[];
}

/** @throws ArgumentError `invalid_argument` */
export function scaleAndBias({ normalize, mean, std }: NormalizeOptions, channels: number, op: string): ScaleAndBias {
  if (normalize !== "meanStd" && (mean !== undefined || std !== undefined))
    throw makeError("invalid_argument", { op, message: 'mean and std go with normalize: "meanStd".' });
  const same = (scale: number, bias: number): ScaleAndBias => ({
    scale: new Array(channels).fill(scale),
    bias: new Array(channels).fill(bias),
  });
  if (normalize === undefined) return same(1, 0);
  switch (checkMember(Normalization, normalize, "normalization", op)) {
    case "unit":
      return same(1 / 255, 0);
    case "tf":
      return same(1 / 127.5, -1);
    case "meanStd": {
      const means = perChannel(mean, "mean", channels, op);
      const deviations = perChannel(std, "std", channels, op);
      if (deviations.includes(0)) throw makeError("invalid_argument", { op, message: "a std is 0." });
      return {
        scale: deviations.map((deviation) => 1 / (255 * deviation)),
        bias: deviations.map((deviation, channel) => -means[channel]! / deviation),
      };
    }
  }
}

function perChannel(
  values: readonly number[] | undefined,
  name: string,
  channels: number,
  op: string,
): readonly number[] {
  if (Array.isArray(values) && values.length === channels && values.every(Number.isFinite)) return values;
  const given =
    values === undefined ? "missing" : Array.isArray(values) ? `[${values.join(",")}]` : describeValue(values);
  throw makeError("invalid_argument", { op, message: `${name} is ${given}; the result has ${channels} channels.` });
}

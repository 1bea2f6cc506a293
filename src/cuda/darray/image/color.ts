import { makeError } from "../../../native/error.ts";
import { checkMember } from "./member.ts";

/** What the channels of an image are. */
export const ColorFormat = { rgb: "rgb", bgr: "bgr", gray: "gray" } as const;
export type ColorFormat = (typeof ColorFormat)[keyof typeof ColorFormat];

/** How each channel of a result comes from the channels of its source. */
export interface ChannelMap {
  /** The source channel of each; -1: the sum of the first three times `weights`. */
  readonly map: readonly number[];
  readonly weights: readonly [number, number, number];
}

/** Red, green and blue in luma, as ITU-R BT.601 has it. */
const [red, green, blue] = [0.299, 0.587, 0.114];

/**
 * @throws ArgumentError `invalid_argument`: no colour, or one that does not go with the number of channels
 */
export function colorFor(channels: number, color: ColorFormat | undefined, op: string): ColorFormat | undefined {
  if (color === undefined) return channels === 3 ? "rgb" : channels === 1 ? "gray" : undefined;
  checkColor(color, op);
  if (channels === channelsOf(color)) return color;
  throw makeError("invalid_argument", {
    op,
    message: `"${color}" has ${channelsOf(color)} channels, the image ${channels}.`,
  });
}

export function checkColor(color: ColorFormat, op: string): ColorFormat {
  return checkMember(ColorFormat, color, "colour format", op);
}

export function channelsOf(color: ColorFormat): number {
  return color === "gray" ? 1 : 3;
}

/** From one format to another; without `to` the channels stay as they are, whatever they mean. */
export function channelMap(
  channels: number,
  from: ColorFormat | undefined,
  to: ColorFormat | undefined,
  op: string,
): ChannelMap {
  const weights = from === "bgr" ? ([blue, green, red] as const) : ([red, green, blue] as const);
  if (to === undefined || to === from) return { map: [...new Array(channels).keys()], weights };
  if (from === undefined) {
    throw makeError("invalid_argument", { op, message: `what the image's ${channels} channels are is not known.` });
  }
  if (to === "gray") return { map: [-1], weights };
  return { map: from === "gray" ? [0, 0, 0] : [2, 1, 0], weights };
}

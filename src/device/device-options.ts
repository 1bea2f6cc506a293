import { writeText } from "../native/check.ts";
import { makeError } from "../native/error.ts";

/** Device options as text: `{ ipuLinkTopology: "torus" }`, or a PopEF model's list of names and values. */
export type DeviceOptions =
  | Readonly<Record<string, string>>
  | readonly { readonly name: string; readonly value: string }[];

const bytesMax = 4096;

/** Leaves the options in the block's text, as `name\0value\0…`; returns their bytes. @throws ArgumentError `invalid_option` */
export function writeOptions(options: DeviceOptions | undefined, op: string): number {
  if (options === undefined) return 0;
  const pairs: readonly (readonly [string, string])[] = Array.isArray(options)
    ? options.map((option) => [option?.name, option?.value])
    : Object.entries(options);
  for (const pair of pairs) {
    for (const text of pair) {
      if (typeof text === "string" && !text.includes("\0")) continue;
      const message = `device option ${String(pair[0])} is ${String(pair[1])}: names and values are texts without NUL.`;
      throw makeError("invalid_option", { op, message });
    }
  }
  const text = pairs.map(([name, value]) => `${name}\0${value}\0`).join("");
  return writeText(text, 0, bytesMax, () =>
    makeError("invalid_option", { op, message: `the device options have more than ${bytesMax} bytes.` }),
  );
}

import { makeError } from "../../native/error.ts";
import { DeviceMemory } from "../device-memory.ts";
import type { DevicePublishOptions } from "../published/publish.ts";
import { byteOffsetOf, type Part } from "./part.ts";

/** What an array does not say itself. */
export type ArrayPublishOptions = Pick<DevicePublishOptions, "readOnly" | "attributes" | "replace">;

/** The memory of an array on a device, and what a publication says of it. */
export function publicationOf(part: Part, options: ArrayPublishOptions, op: string) {
  const { allocation } = part.storage;
  if (!(allocation instanceof DeviceMemory)) {
    throw makeError("invalid_argument", {
      op,
      message: "the array lies in memory of the host.",
      hint: "Publish it with FastIOContext.publishArray.",
    });
  }
  const { dtype, view, stream } = part;
  const { shape, strides } = view;
  return {
    memory: allocation,
    described: { ...options, dtype, shape, strides, byteOffset: byteOffsetOf(part), stream } as const,
  };
}

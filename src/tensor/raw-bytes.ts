import { isAnyArrayBuffer, isDataView, isUint8Array } from "node:util/types";
import type { RawBytes } from "./source.ts";

// All three look at internal slots or at Node's own class, so they hold when a test environment replaces globals.
/** Whether a value is bytes without an element type: `ArrayBuffer`, `SharedArrayBuffer`, `DataView`, Node's `Buffer`. */
export function isRawBytes(value: unknown): value is RawBytes {
  return isAnyArrayBuffer(value) || isDataView(value) || (isUint8Array(value) && isNodeBuffer(value));
}

// `node:buffer` is looked up when first needed: its import takes 0.3 ms.
function isNodeBuffer(value: Uint8Array): boolean {
  nodeBuffer ??= process.getBuiltinModule("node:buffer").Buffer;
  return nodeBuffer.isBuffer(value);
}
let nodeBuffer: BufferConstructor | undefined;

/** Key under which objects that own or view untyped memory (`TensorMemory` and its views) show it. */
export const rawBytes: unique symbol = Symbol.for("millrace.rawBytes");

/** Memory without an element type that is an object of ours. */
export interface RawMemory {
  readonly [rawBytes]: Uint8Array;
}

export function isRawMemory(value: unknown): value is RawMemory {
  return typeof value === "object" && value !== null && rawBytes in value;
}

/** The same memory as plain bytes; no copy. */
export function bytesOf(data: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return isAnyArrayBuffer(data)
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer as ArrayBufferLike, data.byteOffset, data.byteLength);
}

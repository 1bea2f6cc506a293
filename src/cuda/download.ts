import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { bytesOf, isRawMemory, nativeOwnerOf, type RawMemory, rawBytes } from "../tensor/index.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { PinnedMemory } from "./pinned-memory.ts";
import { pieceBytesMax, type Staging } from "./staging.ts";
import type { CopyStream } from "./upload.ts";
import type { AsyncWaitOptions } from "./waiting.ts";

/** A part of memory of a device. */
export interface Range {
  /** Default 0. */
  readonly byteOffset?: number | undefined;
  /** Default: to the end. */
  readonly byteLength?: number | undefined;
}

/** Where bytes go: an array or buffer, or memory of ours. */
export type Target = ArrayBufferView | ArrayBuffer | RawMemory;

interface Download extends Range {
  readonly from: DeviceMemory;
  readonly into?: Target | undefined;
  readonly op: string;
}

interface WaitingStream extends CopyStream {
  awaitTicket(ticket: number): void;
}

interface AwaitedStream extends CopyStream {
  allocatePinned(byteLength: number): PinnedMemory;
  synchronizeAsync(options: AsyncWaitOptions): Promise<void>;
}

/** Native memory is written in place; JavaScript's heap through staging memory, piece by piece. */
export function download(stream: WaitingStream, staging: Staging, wanted: Download): Uint8Array {
  const { from, op } = wanted;
  const { byteOffset, bytes } = prepare(wanted, op);
  const own = nativeOwnerOf(bytes);
  if (own !== undefined) {
    stream.awaitTicket(stream.copy(own, from.at(byteOffset), bytes.byteLength));
    return bytes;
  }
  for (let done = 0; done < bytes.byteLength; done += pieceBytesMax) {
    const size = Math.min(pieceBytesMax, bytes.byteLength - done);
    const piece = staging.take(size);
    const ticket = stream.copy(piece.native, from.at(byteOffset + done), size);
    staging.use(ticket);
    stream.awaitTicket(ticket);
    bytes.set(piece.bytes, done);
  }
  return bytes;
}

/** Through page-locked memory of its own: others may use the stream, and its staging memory, meanwhile. */
export async function downloadAsync(stream: AwaitedStream, wanted: Download & AsyncWaitOptions): Promise<Uint8Array> {
  const { from, op } = wanted;
  const { byteOffset, bytes } = prepare(wanted, op);
  const own = nativeOwnerOf(bytes);
  if (own !== undefined) {
    stream.copy(own, from.at(byteOffset), bytes.byteLength);
    await stream.synchronizeAsync(wanted);
    return bytes;
  }
  using memory = stream.allocatePinned(bytes.byteLength);
  stream.copy(memory.native, from.at(byteOffset), bytes.byteLength);
  await stream.synchronizeAsync(wanted);
  bytes.set(memory.bytes());
  return bytes;
}

function prepare(wanted: Download, op: string): { readonly byteOffset: number; readonly bytes: Uint8Array } {
  const { from, into } = wanted;
  const byteOffset = checkInteger(wanted.byteOffset ?? 0, "byteOffset", op);
  const byteLength = checkInteger(wanted.byteLength ?? Math.max(0, from.byteLength - byteOffset), "byteLength", op);
  if (byteOffset + byteLength > from.byteLength) {
    throw makeError("out_of_bounds", {
      op,
      message: `${byteLength} bytes at ${byteOffset} reach beyond the memory of ${from.byteLength}.`,
    });
  }
  if (into === undefined) return { byteOffset, bytes: new Uint8Array(byteLength) };
  const bytes = isRawMemory(into) ? into[rawBytes] : bytesOf(into);
  if (bytes.byteLength === byteLength) return { byteOffset, bytes };
  throw makeError("wrong_size", {
    op,
    message: `the target has ${bytes.byteLength} bytes, ${byteLength} are to be copied.`,
  });
}

import { checkInteger } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import {
  asTensor,
  bytesOf,
  isRawBytes,
  isRawMemory,
  type NativeRef,
  nativeOwnerOf,
  rawBytes,
  type TensorInput,
} from "../tensor/index.ts";
import type { DeviceMemory } from "./device-memory.ts";
import { pieceBytesMax, type Staging } from "./staging.ts";
import type { Place } from "./stream.ts";

/** What an upload needs of its stream. */
export interface CopyStream {
  copy(to: Place, from: Place, byteLength: number): number;
}

interface Upload {
  readonly to: DeviceMemory;
  readonly from: TensorInput;
  readonly byteOffset: number;
  readonly op: string;
}

/** By reference where the bytes are in native memory, through staging memory where they are not. Returns the last ticket. */
export function upload(stream: CopyStream, staging: Staging, { to, from, byteOffset, op }: Upload): number {
  const { native, bytes, byteLength } = sourceOf(from, op);
  checkInteger(byteOffset, "byteOffset", op);
  if (byteOffset + byteLength > to.byteLength) {
    throw makeError("out_of_bounds", {
      op,
      message: `${byteLength} bytes at ${byteOffset} reach beyond the memory of ${to.byteLength}.`,
    });
  }
  if (native !== undefined) return stream.copy(to.at(byteOffset), native, byteLength);
  const all = bytes();
  let ticket = 0;
  for (let done = 0; done === 0 || done < byteLength; done += pieceBytesMax) {
    const size = Math.min(pieceBytesMax, byteLength - done);
    const piece = staging.take(size);
    piece.bytes.set(size === byteLength ? all : all.subarray(done, done + size));
    ticket = stream.copy(to.at(byteOffset + done), piece.native, size);
    staging.use(ticket);
  }
  return ticket;
}

interface Source {
  readonly native: NativeRef | undefined;
  readonly byteLength: number;
  readonly bytes: () => Uint8Array;
}

/** The bytes of a tensor, of an array, or of memory without an element type. */
export function sourceOf(from: TensorInput, op: string): Source {
  // Arrays are by far the most frequent; what is wrong with one that was moved away is said below.
  const plain = ArrayBuffer.isView(from) && !(from.buffer as ArrayBuffer).detached;
  if (plain || isRawMemory(from) || isRawBytes(from)) {
    const bytes = plain ? bytesOf(from) : isRawMemory(from) ? from[rawBytes] : bytesOf(from);
    return { native: nativeOwnerOf(bytes), byteLength: bytes.byteLength, bytes: () => bytes };
  }
  const tensor = asTensor(from, { op });
  return { native: tensor.native, byteLength: tensor.byteLength, bytes: () => tensor.bytes() };
}

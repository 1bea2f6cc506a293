import { bufferBytesMax } from "../native/buffer.ts";

const page = 4096;
/** Windows begin at multiples of this, so that a walk through the memory makes few mappings. */
const stride = 2 ** 31;
const windowBytes = bufferBytesMax - (bufferBytesMax % page);

/** Which part of memory beyond 4 GiB to map for a range: one of a few fixed windows, else the pages around it. */
export function windowFor(offset: number, length: number, sizeInBytes: number): { start: number; size: number } {
  const fixed = offset - (offset % stride);
  const size = Math.min(windowBytes, sizeInBytes - fixed);
  if (offset + length <= fixed + size) return { start: fixed, size };
  const lead = offset % page;
  return { start: offset - lead, size: length + lead };
}

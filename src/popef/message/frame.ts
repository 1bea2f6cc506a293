import { invalidPopef } from "../invalid.ts";

/** Real messages have one to a few; Cap'n Proto's own reader takes no more either. */
const segmentsMax = 512;

/** One segment of a message: where it begins in the message's bytes, and its words of 8 bytes. */
export interface Segment {
  readonly begin: number;
  readonly words: number;
}

export interface Frame {
  readonly segments: readonly Segment[];
  /** The whole message, the table of its segments included. */
  readonly byteLength: number;
}

/** The bytes of the table of segments, once its first four are known. */
export function frameTableBytes(first: DataView, at: number, source: string): number {
  const segments = first.getUint32(0, true) + 1;
  if (segments > segmentsMax)
    throw invalidPopef(source, at, `a message of ${segments} segments (the most is ${segmentsMax})`);
  return 8 * Math.ceil((4 + 4 * segments) / 8);
}

/** Reads the table. Whether the segments are there is the caller's to check. */
export function readFrame(table: DataView): Frame {
  const count = table.getUint32(0, true) + 1;
  const segments: Segment[] = [];
  let begin = 8 * Math.ceil((4 + 4 * count) / 8);
  for (let index = 0; index < count; index++) {
    const words = table.getUint32(4 + 4 * index, true);
    segments.push({ begin, words });
    begin += 8 * words;
  }
  return { segments, byteLength: begin };
}

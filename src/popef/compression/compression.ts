import { switchable } from "../../native/switches.ts";

/** How an executable may be compressed here. Files do not say which; it is told by the first bytes. */
export const Compression = switchable("Compression", { Gzip: "gzip", Zlib: "zlib", Zstd: "zstd" } as const);
export type Compression = (typeof Compression)[keyof typeof Compression];

/** What compressed bytes begin with. */
const magics: readonly (readonly [name: Compression | "LZ4", ...bytes: number[]])[] = [
  [Compression.Gzip, 0x1f, 0x8b],
  [Compression.Zstd, 0x28, 0xb5, 0x2f, 0xfd],
  ["LZ4", 0x04, 0x22, 0x4d, 0x18],
];

/** The compression that bytes begin with, `"LZ4"`, which is not read here, or undefined. */
export function recognizeCompression(bytes: Uint8Array): Compression | "LZ4" | undefined {
  for (const [name, ...magic] of magics) if (magic.every((byte, index) => bytes[index] === byte)) return name;
  // Two bytes: deflate with a window of up to 32 KiB, and a check that makes them a multiple of 31.
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const isZlib = (first & 15) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0;
  return isZlib ? Compression.Zlib : undefined;
}

import { freemem } from "node:os";

export const KiB = 1024;
export const MiB = KiB * KiB;
export const GiB = KiB * MiB;

/** Sizes that fit `copies` times into half of the free memory, and the ones that do not. */
export function fitting(sizes: readonly number[], copies: number): { fit: number[]; left: number[] } {
  const room = freemem() / 2;
  return { fit: sizes.filter((s) => s * copies <= room), left: sizes.filter((s) => s * copies > room) };
}

/** Fewer samples of what takes longer: a step down for each factor of 64 above 1 MiB. */
export function samplesFor(bytes: number, usual: number): number {
  if (bytes < MiB) return usual;
  if (bytes < 64 * MiB) return Math.ceil(usual / 10);
  return Math.max(5, Math.ceil(usual / (bytes < GiB ? 200 : 2_000)));
}

/** The container's fixed part; all numbers little-endian. */
export const magic = "MR_EXE_1";
export const containerVersion = 1;
export const stepListVersion = 2;
export const headerBytes = 64;
/** The plan is padded with spaces to a multiple of this, so that the graph begins aligned. */
export const alignment = 64;

export const offsets = { versions: 8, planSize: 16, graphSize: 24, packageHash: 32 } as const;
export const versionsBytes = 8;
export const hashBytes = 32;

/** SHA-256 of the two versions, as they lie in the header, and the graph. */
export function packageHash(versions: Uint8Array, graph: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(versions).update(graph).digest();
}

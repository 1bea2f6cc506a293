import { readPoplarHeader } from "../blobs/poplar-executable.ts";

/** The longest header that is looked at: `docs/executable.md`. */
export const containerHeaderBytes = 64;

const magic = "MR_EXE_1";

/** What the first bytes of an executable say of it: ours, Poplar's, or nothing that is known. */
export function describeContainer(start: Uint8Array, byteLength: number): string[] {
  if (String.fromCharCode(...start.subarray(0, 8)) === magic) return describeOurs(start, byteLength);
  try {
    const header = readPoplarHeader(start, byteLength, "describe");
    if (header === undefined) return ["of an unknown kind"];
    return [
      `GC_EXE_${header.version}, made by Poplar`,
      `archive ${header.archiveSize} bytes, compressed to ${header.compressedArchiveSize}`,
      `metadata ${header.metadataSize} bytes, compressed to ${header.compressedMetadataSize}`,
    ];
  } catch (error) {
    return [`damaged: ${(error as Error).message}`];
  }
}

function describeOurs(start: Uint8Array, byteLength: number): string[] {
  if (start.byteLength < containerHeaderBytes) {
    return [`damaged: ${magic}: ${byteLength} bytes, its header alone has ${containerHeaderBytes}`];
  }
  const view = new DataView(start.buffer, start.byteOffset, containerHeaderBytes);
  const [plan, graph] = [view.getBigUint64(16, true), view.getBigUint64(24, true)];
  const total = BigInt(containerHeaderBytes) + plan + graph;
  return [
    `${magic}, container version ${view.getUint32(8, true)}, step-list version ${view.getUint32(12, true)}`,
    `plan ${plan} bytes, graph ${graph} bytes, package hash ${start.subarray(32, 64).toHex()}`,
    ...(total === BigInt(byteLength) ? [] : [`damaged: its parts are ${total} bytes, it has ${byteLength}`]),
  ];
}

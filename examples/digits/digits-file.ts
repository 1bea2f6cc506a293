const magic = "MRDIGIT1";
const headerBytes = 24;

/** Scans as `heldout.bin` holds them. Pixels and labels are views of the file's bytes. */
export interface Digits {
  readonly count: number;
  /** The value of a pixel that is all ink; 0 is paper. */
  readonly largest: number;
  /** `[count, 8, 8]`, row-major. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** Reads a file of scans; `README.md` has its layout. */
export async function readDigits(path: string): Promise<Digits> {
  const file = await Bun.file(path).bytes();
  if (new TextDecoder().decode(file.subarray(0, magic.length)) !== magic) {
    throw new Error(`${path} holds no digits: it does not begin with ${magic}.`);
  }
  const header = new DataView(file.buffer, file.byteOffset);
  const [count, rows, columns, largest] = [8, 12, 16, 20].map((offset) => header.getUint32(offset, true)) as [
    number,
    number,
    number,
    number,
  ];
  const labelsAt = headerBytes + count * rows * columns;
  if (file.length !== labelsAt + count) {
    throw new Error(`${path} has ${file.length} bytes; its header promises ${labelsAt + count}.`);
  }
  return { count, largest, pixels: file.subarray(headerBytes, labelsAt), labels: file.subarray(labelsAt) };
}

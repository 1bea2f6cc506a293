// What a PopEF file is made of, as far as no reference could tell: whether its messages are framed as read here, and how
// executables are compressed. The first bytes answer both, also where reading fails.
import { closeSync, openSync, readSync } from "node:fs";
import { describe, Reader } from "../../src/popef/index.ts";

export interface PopefFacts {
  /** The first 64 bytes. */
  readonly first: string;
  /** What `describe` says of the file, or what reading it failed with. */
  readonly description: string;
  readonly readable: boolean;
  /** Version texts of its blobs. */
  readonly versions: readonly string[];
  readonly executables: readonly ExecutableFacts[];
}

interface ExecutableFacts {
  readonly name: string;
  readonly compressed: boolean;
  /** The first 64 bytes as they lie in the file. */
  readonly first: string;
}

const shown = 64;

export function popefFacts(path: string): PopefFacts {
  const first = hex(firstBytes(path));
  try {
    using reader = new Reader().parseFile(path);
    const versions = [...new Set(reader.blobs().map(({ blob }) => blob.version))];
    const executables = reader.executables().map(({ name, isCompressed, storedData }) => {
      using start = storedData.window(0, Math.min(shown, storedData.byteLength));
      return { name, compressed: isCompressed, first: hex(start.bytes()) };
    });
    return { first, readable: true, description: describe(reader), versions, executables };
  } catch (error) {
    return { first, readable: false, description: String(error), versions: [], executables: [] };
  }
}

function firstBytes(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(shown);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex().replace(/.{16}(?=.)/g, "$& ");
}

import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import { type DecodedExecutable, decodeExecutable } from "./decode.ts";

export interface CheckOptions {
  /** Whether the executable must be of this version and its graph as it was compiled; true. */
  readonly checkPackageHash?: boolean | undefined;
  /** What errors name; the class that loads the model. */
  readonly op?: string | undefined;
}

const poplarMagic = /^GC_EXE_\d$/;

/** True for an executable that Poplar made, which only a device of Poplar's can run. */
export function isPoplarExecutable(bytes: Uint8Array): boolean {
  return poplarMagic.test(new TextDecoder("latin1").decode(bytes.subarray(0, 8)));
}

/**
 * What a session does with an executable before anything runs.
 *
 * @throws FormatError `invalid_executable`: no executable of ours, or a damaged one; `package_hash`: one of
 * another version, or changed after it was compiled.
 */
export function checkExecutable(bytes: Uint8Array, options: CheckOptions = {}): DecodedExecutable {
  const { checkPackageHash = true, op = "checkExecutable" } = options;
  if (isPoplarExecutable(bytes)) {
    const name = new TextDecoder("latin1").decode(bytes.subarray(0, 8));
    throw makeError("invalid_executable", {
      op,
      message: `a Poplar executable (${name}) runs on Poplar's devices only.`,
      hint: "Compile the ONNX model with compileOnnx, or use a device that the Poplar SDK drives.",
    });
  }
  const decoded = decodeExecutable(bytes, op);
  if (checkPackageHash && !off("package_hash")) {
    const actual = decoded.hashOf();
    if (!Buffer.from(actual).equals(decoded.packageHash))
      throw makeError("package_hash", {
        op,
        message: `the executable carries the hash ${hex(decoded.packageHash)} and has ${hex(actual)}.`,
      });
  }
  return decoded;
}

function hex(hash: Uint8Array): string {
  return `${hash.subarray(0, 8).toHex()}…`;
}

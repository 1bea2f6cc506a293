import { makeError } from "../../native/error.ts";
import { checkPlan } from "./check-plan.ts";
import {
  alignment,
  containerVersion,
  hashBytes,
  headerBytes,
  magic,
  offsets,
  packageHash,
  stepListVersion,
  versionsBytes,
} from "./layout.ts";
import type { Plan } from "./plan.ts";

/** An executable of ours, taken apart. `graph` and `packageHash` lie in the bytes that were decoded. */
export interface DecodedExecutable {
  readonly plan: Plan;
  /** A serialised ONNX model; weights that the load program brings are external in it. */
  readonly graph: Uint8Array;
  /** What the header says; `hashOf` what it should say. */
  readonly packageHash: Uint8Array;
  /** SHA-256 of versions and graph as they are. */
  hashOf(): Uint8Array;
}

/**
 * Takes an executable apart and checks that everything in it fits together.
 *
 * @throws FormatError `invalid_executable`: the message says what was found; `package_hash`: it is of another version.
 */
export function decodeExecutable(bytes: Uint8Array, op = "decodeExecutable"): DecodedExecutable {
  const fail = (message: string) => makeError("invalid_executable", { op, message });
  if (bytes.length < headerBytes) throw fail(`${bytes.length} bytes are shorter than a header of ${headerBytes}.`);
  const found = new TextDecoder("latin1").decode(bytes.subarray(0, magic.length));
  if (found !== magic) throw fail(`it begins with ${JSON.stringify(found)}, not with "${magic}".`);

  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const version = header.getUint32(offsets.versions, true);
  const steps = header.getUint32(offsets.versions + 4, true);
  if (version !== containerVersion || steps !== stepListVersion)
    throw makeError("package_hash", {
      op,
      message: `the executable has container version ${version} and step-list version ${steps}; ${containerVersion} and ${stepListVersion} are known here.`,
    });

  const planSize = header.getBigUint64(offsets.planSize, true);
  const graphSize = header.getBigUint64(offsets.graphSize, true);
  const whole = BigInt(headerBytes) + planSize + graphSize;
  if (whole !== BigInt(bytes.length) || planSize % BigInt(alignment) !== 0n)
    throw fail(
      `header, plan and graph have ${headerBytes}, ${planSize} and ${graphSize} bytes; the whole has ${bytes.length}.`,
    );

  const graphBegin = headerBytes + Number(planSize);
  const graph = bytes.subarray(graphBegin);
  const versions = bytes.subarray(offsets.versions, offsets.versions + versionsBytes);
  return {
    plan: readPlan(bytes.subarray(headerBytes, graphBegin), op),
    graph,
    packageHash: bytes.subarray(offsets.packageHash, offsets.packageHash + hashBytes),
    hashOf: () => packageHash(versions, graph),
  };
}

function readPlan(bytes: Uint8Array, op: string): Plan {
  let plan: unknown;
  try {
    plan = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw makeError("invalid_executable", { op, message: `the plan is no JSON: ${(cause as Error).message}.`, cause });
  }
  return checkPlan(plan, op);
}

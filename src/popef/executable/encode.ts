import { checkPlan } from "./check-plan.ts";
import {
  alignment,
  containerVersion,
  headerBytes,
  magic,
  offsets,
  packageHash,
  stepListVersion,
  versionsBytes,
} from "./layout.ts";
import type { Plan } from "./plan.ts";

/**
 * The bytes of an executable: header, plan, graph (a serialised ONNX model, whose weights are external).
 *
 * @throws FormatError `invalid_executable`: the plan does not fit together.
 */
export function encodeExecutable(plan: Plan, graph: Uint8Array, op = "encodeExecutable"): Uint8Array {
  checkPlan(plan, op);
  const text = new TextEncoder().encode(JSON.stringify(plan));
  const planSize = Math.ceil(text.length / alignment) * alignment;
  const bytes = new Uint8Array(headerBytes + planSize + graph.length);
  const header = new DataView(bytes.buffer, 0, headerBytes);
  new TextEncoder().encodeInto(magic, bytes);
  header.setUint32(offsets.versions, containerVersion, true);
  header.setUint32(offsets.versions + 4, stepListVersion, true);
  header.setBigUint64(offsets.planSize, BigInt(planSize), true);
  header.setBigUint64(offsets.graphSize, BigInt(graph.length), true);
  const versions = bytes.subarray(offsets.versions, offsets.versions + versionsBytes);
  bytes.set(packageHash(versions, graph), offsets.packageHash);
  bytes.set(text, headerBytes);
  bytes.fill(0x20, headerBytes + text.length, headerBytes + planSize);
  bytes.set(graph, headerBytes + planSize);
  return bytes;
}

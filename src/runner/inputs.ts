import { type MillraceError, makeError } from "../native/error.ts";
import { asTensor, isTensorSource, type TensorInput, type TensorSource } from "../tensor/index.ts";
import type { DataDesc } from "./data-desc.ts";
import { isOnDevice } from "./device-memory.ts";
import type { OutputMemory } from "./execute-options.ts";
import type { InputPort } from "./input-port.ts";
import type { OutputPort } from "./output-port.ts";

/**
 * The inputs as tensors in the model's order, checked against it. Nothing is copied.
 *
 * @throws ArgumentError `unknown_input`, `missing_input`, `wrong_dtype`, `wrong_shape`, `wrong_size`; StateError `closed`
 */
export function checkInputs(
  inputs: Readonly<Record<string, TensorInput>>,
  ports: readonly InputPort[],
  validate: boolean,
  op: string,
): TensorSource[] {
  const sources = ports.map((port) => {
    const { desc } = port;
    const input = inputs[desc.name];
    const fitting = port.fit(input);
    if (fitting !== undefined) return fitting;
    if (input === undefined) throw missing(desc, ports, op);
    return asTensor(validate ? input : unlabelled(input), {
      dtype: desc.dtype,
      shape: port.shape,
      op: `${op} input "${desc.name}"`,
    });
  });
  const names = Object.keys(inputs);
  if (validate && names.length > ports.length) checkNames("input", names, descsOf(ports), op);
  return sources;
}

/** Memory of the caller's for some outputs, by the output's index. */
export function checkOutputs(
  outputs: Readonly<Record<string, OutputMemory>>,
  ports: readonly OutputPort[],
  op: string,
): Map<number, TensorSource> {
  checkNames(
    "output",
    Object.keys(outputs),
    ports.map((port) => port.desc),
    op,
  );
  const checked = new Map<number, TensorSource>();
  ports.forEach(({ desc, shape }, index) => {
    const memory = outputs[desc.name];
    if (memory === undefined) return;
    const where = `${op} output "${desc.name}"`;
    // What comes as a tensor is for reading; it may be a read-only input of a pipeline.
    // Not so an array of a device, which is for both.
    if (isTensorSource(memory) && !isOnDevice(memory)) {
      throw makeError("invalid_argument", {
        op: where,
        message: "the tensor is for reading.",
        hint: "Pass its map(), a TensorMemory, or a typed array.",
      });
    }
    const tensor = asTensor(memory, { dtype: desc.dtype, shape, op: where });
    checked.set(index, tensor);
  });
  return checked;
}

/** The bytes of a typed array without its element type, for a caller who asked for no check of it. */
function unlabelled(input: TensorInput): TensorInput {
  if (!ArrayBuffer.isView(input)) return input;
  return new DataView(input.buffer, input.byteOffset, input.byteLength);
}

function missing(desc: DataDesc, ports: readonly InputPort[], op: string): MillraceError {
  return makeError("missing_input", {
    op,
    message: `input "${desc.name}" is missing; the model takes ${list(descsOf(ports))}.`,
  });
}

function checkNames(kind: "input" | "output", names: readonly string[], descs: readonly DataDesc[], op: string): void {
  const unknown = names.find((name) => !descs.some((desc) => desc.name === name));
  if (unknown === undefined) return;
  throw makeError(kind === "input" ? "unknown_input" : "unknown_output", {
    op,
    message: `the model has no ${kind} "${unknown}", only ${list(descs)}.`,
  });
}

function descsOf(ports: readonly InputPort[]): DataDesc[] {
  return ports.map((port) => port.desc);
}

function list(descs: readonly DataDesc[]): string {
  return descs.map((desc) => `"${desc.name}"`).join(", ") || "none";
}

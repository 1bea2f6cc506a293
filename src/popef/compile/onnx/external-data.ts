import { isAbsolute, join, normalize } from "node:path";
import { makeError } from "../../../native/error.ts";
import type { TensorProto } from "./proto.ts";
import { byteSizeOf } from "./tensor-bytes.ts";

/** Bytes of a file. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly byteLength: number;
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === 1;
}

/**
 * Where a tensor outside the model lies. `folder` is the model's; undefined for a model that came as bytes.
 *
 * @throws FormatError `invalid_model`
 */
export function externalRange(tensor: TensorProto, folder: string | undefined, op: string): FileRange {
  const fail = (message: string, hint?: string) =>
    makeError("invalid_model", { op, message: `the weights "${tensor.name}" ${message}.`, hint });
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location");
  if (!location) throw fail("are external, but have no location");
  if (folder === undefined)
    throw fail(`lie in a file "${location}" beside the model`, "Pass the model's path instead of its bytes.");
  // A model may not point at files elsewhere on this machine.
  if (isAbsolute(location) || normalize(location).startsWith(".."))
    throw fail(`lie in "${location}", which is outside the model's folder`);

  const byteLength = byteSizeOf(tensor);
  if (byteLength === undefined) throw fail("have a type or a shape that no tensor of plain numbers has");
  const number = (key: string, fallback: number) => {
    const text = entries.get(key);
    const value = text === undefined ? fallback : Number(text);
    if (Number.isSafeInteger(value) && value >= 0 && text !== "") return value;
    throw fail(`have the ${key} "${text}"`);
  };
  const length = number("length", byteLength);
  if (length !== byteLength) throw fail(`are ${byteLength} bytes by their shape, ${length} by their length`);
  return { path: join(folder, location), offset: number("offset", 0), byteLength };
}

/** The error for a range that does not lie in its file. */
export function tooShort({ path, offset, byteLength }: FileRange, fileBytes: number, name: string, op: string): Error {
  const message = `${path} has ${fileBytes} bytes; the weights "${name}" are ${byteLength} at ${offset}.`;
  return makeError("invalid_model", { op, message, hint: "The file is cut off, or belongs to another model." });
}

/**
 * The elements of a tensor outside the model, for what must lie in it.
 *
 * @throws NotFoundError `file_not_found`; FormatError `invalid_model`
 */
export async function readExternal(tensor: TensorProto, range: FileRange, op: string): Promise<Uint8Array> {
  const { path, offset, byteLength } = range;
  const file = Bun.file(path);
  if (!(await file.exists())) throw makeError("file_not_found", { op, message: `${path} does not exist.` });
  const bytes = await file.slice(offset, offset + byteLength).bytes();
  if (bytes.length !== byteLength) throw tooShort(range, file.size, tensor.name, op);
  return bytes;
}

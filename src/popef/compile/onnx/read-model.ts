import { dirname, resolve } from "node:path";
import { makeError } from "../../../native/error.ts";
import type { GraphProto, ModelProto } from "./proto.ts";
import { decodeModel } from "./schema.ts";

/** An ONNX model as a path, a `file:` URL, or its bytes. */
export type OnnxSource = string | URL | ArrayBuffer | Uint8Array;

export interface ReadModel {
  readonly model: ModelProto & { graph: GraphProto };
  /** Where weights beside the model are; undefined for a model that came as bytes. */
  readonly folder: string | undefined;
}

/** @throws NotFoundError `file_not_found`; FormatError `invalid_model`; ArgumentError `invalid_argument` */
export async function readModel(source: OnnxSource, op: string): Promise<ReadModel> {
  const path = pathOf(source);
  const what = path ?? "the model";
  const bytes = path === undefined ? bytesOf(source, op) : await readFile(path, op);
  const fail = (message: string, cause?: unknown) =>
    makeError("invalid_model", { op, message: `${what} ${message}.`, cause, hint: "Pass an ONNX model." });
  let model: ModelProto;
  try {
    model = decodeModel(bytes);
  } catch (cause) {
    throw fail(`is no ONNX model: ${(cause as Error).message}`, cause);
  }
  const { graph } = model;
  if (graph === undefined) throw fail("has no graph");
  return { model: model as ReadModel["model"], folder: path === undefined ? undefined : dirname(path) };
}

function pathOf(source: OnnxSource): string | undefined {
  if (typeof source === "string" && source !== "") return resolve(source);
  // By shape: test environments replace URL.
  const href = (source as Partial<URL> | null | undefined)?.href;
  return typeof href === "string" && href.startsWith("file:") ? Bun.fileURLToPath(href) : undefined;
}

function bytesOf(source: OnnxSource, op: string): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw makeError("invalid_argument", { op, message: `${String(source)} is neither a path nor a model's bytes.` });
}

async function readFile(path: string, op: string): Promise<Uint8Array> {
  try {
    return await Bun.file(path).bytes();
  } catch (cause) {
    throw makeError("file_not_found", { op, message: `${path} cannot be read: ${(cause as Error).message}.`, cause });
  }
}

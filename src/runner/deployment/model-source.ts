import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import type { Model } from "../../popef/index.ts";
import { filePath } from "../load.ts";

/** What a runner loads: a path or `file:` URL of an ONNX or PopEF file (`.popef`), paths of PopEF files, a PopEF model. */
export type ModelSource = string | URL | readonly (string | URL)[] | Model;

export type Found =
  | { readonly kind: "onnx"; readonly path: string }
  | { readonly kind: "popef"; readonly paths: readonly string[] }
  | { readonly kind: "model"; readonly model: Model };

/** @throws ArgumentError `invalid_argument` */
export function findSource(source: ModelSource, op: string): Found {
  if (Array.isArray(source) && !off("runner_paths")) {
    if (source.length === 0) throw makeError("invalid_argument", { op, message: "the list of PopEF files is empty." });
    return { kind: "popef", paths: source.map((path: string | URL) => filePath(path, op)) };
  }
  if (isModel(source) && !off("runner_model")) return { kind: "model", model: source };
  const path = filePath(source as string | URL, op);
  return /\.popef$/i.test(path) && !off("runner_popef") ? { kind: "popef", paths: [path] } : { kind: "onnx", path };
}

/** By shape: the class would bring all of PopEF with it. */
function isModel(source: unknown): source is Model {
  const { metadata, tensorData } = (source ?? {}) as Partial<Model>;
  return typeof metadata === "object" && typeof tensorData === "function";
}

import { resolve } from "node:path";
import { makeError } from "./error.ts";
import { isFile } from "./platform.ts";

const variable = "MILLRACE_ONNXRUNTIME_CUDA";

/**
 * The path of ONNX Runtime's CUDA provider: the one given, or the one that `MILLRACE_ONNXRUNTIME_CUDA` names. It is never searched
 * for: which of CUDA 12 and 13 it is made for is the user's to know.
 *
 * @throws NotFoundError `provider_missing`
 */
export function findCudaProvider(given: string | undefined, op: string): string {
  const [path, source] = given === undefined ? [process.env[variable], variable] : [given, "engine.cudaProvider"];
  if (!path) {
    throw makeError("provider_missing", {
      op,
      message: `an ONNX graph runs on a CUDA device through ONNX Runtime's CUDA provider, and neither engine.cudaProvider nor ${variable} is set.`,
    });
  }
  const absolute = resolve(path);
  if (isFile(absolute)) return absolute;
  throw makeError("provider_missing", {
    op,
    message: `${source} names ${absolute}, which does not exist.`,
    hint: `Correct ${source}: the Python package's get_library_path() gives the path.`,
  });
}

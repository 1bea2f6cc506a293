import { dirname, join, resolve } from "node:path";
import { makeError } from "./error.ts";
import { isFile } from "./platform.ts";

const variable = "MILLRACE_ONNXRUNTIME";
const packageName = "onnxruntime-node";
const libraryFile = process.platform === "darwin" ? "libonnxruntime.1.dylib" : "libonnxruntime.so.1";

/**
 * The path of ONNX Runtime's shared library: the one given, or the one that `MILLRACE_ONNXRUNTIME` names, or that of
 * the installed `onnxruntime-node` package, seen first from the working directory, then from Millrace itself.
 *
 * @throws NotFoundError `engine_missing`
 */
export function findEngineLibrary(given: string | undefined, op: string): string {
  if (given !== undefined) return existing(given, "engine.path", op);
  const named = process.env[variable];
  if (named) return existing(named, variable, op);
  for (const from of [process.cwd(), import.meta.dir]) {
    const path = installed(from);
    if (path !== undefined) return path;
  }
  throw makeError("engine_missing", {
    op,
    message: `neither engine.path nor ${variable} is set, and ${packageName} is not installed with a library for ${process.platform} ${process.arch}.`,
  });
}

function existing(path: string, source: string, op: string): string {
  const absolute = resolve(path);
  if (isFile(absolute)) return absolute;
  throw makeError("engine_missing", {
    op,
    message: `${source} names ${absolute}, which does not exist.`,
    hint: `Correct ${source}, or install ${packageName} and leave it out.`,
  });
}

function installed(from: string): string | undefined {
  let folder: string;
  try {
    folder = dirname(Bun.resolveSync(`${packageName}/package.json`, from));
  } catch {
    return undefined;
  }
  // Bun's own search, because importing `node:fs` takes 3 ms of the time to a first result.
  const libraries = new Bun.Glob(`bin/napi-v*/${process.platform}/${process.arch}/${libraryFile}`);
  const version = (path: string) => Number(/napi-v(\d+)/.exec(path)?.[1]);
  const [newest] = [...libraries.scanSync({ cwd: folder })].sort((a, b) => version(b) - version(a));
  return newest === undefined ? undefined : join(folder, newest);
}

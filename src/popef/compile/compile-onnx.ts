import type { CompiledModel } from "./compiled-model.ts";
import type { OnnxSource } from "./onnx/read-model.ts";
import type { CompileOptions } from "./options.ts";

/**
 * Makes a PopEF model of an ONNX model: inputs and outputs become anchors of the main program; initializers of 128 bytes
 * and more become anchors of the load program, with their values as tensor data, and of the save program.
 *
 * `onnx` is a path, a `file:` URL or the model's bytes; weights in files beside the model are found from its path. All
 * shapes are fixed: see `batchSize`, `axes` and `inputs`. The result is a `Model` to run, or to `write` to a file; close it.
 *
 * ```ts
 * using compiled = await compileOnnx("digits.onnx", { batchSize: 16 });
 * await compiled.write("digits.popef");
 * ```
 *
 * @throws NotFoundError `file_not_found`, `engine_missing`; FormatError `invalid_model`, `engine_too_old`; ArgumentError
 * `invalid_argument`, `wrong_batching`, `wrong_shape`, `unknown_input`, `dynamic_shape` (an axis without a size),
 * `unsupported_type` (strings, sequences, and what PopEF lacks, such as bfloat16); CapacityError `out_of_memory`; the
 * signal's reason
 */
export async function compileOnnx(onnx: OnnxSource, options: CompileOptions = {}): Promise<CompiledModel> {
  // Whoever only runs models pays nothing for the protocol buffers.
  const { compile } = await import("./compile.ts");
  return await compile(onnx, options, "compileOnnx");
}

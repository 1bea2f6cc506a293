import { NativeBuffer } from "../../native/buffer.ts";
import { writeText } from "../../native/check.ts";
import { findEngineLibrary } from "../../native/engine-library.ts";
import { makeError } from "../../native/error.ts";
import { runJob } from "../../native/jobs.ts";
import { block, native } from "../../native/library.ts";
import type { CompileOptions } from "./options.ts";
import type { PlacedWeight } from "./sources.ts";

/** What the engine says of an input or output. */
export interface GraphPort {
  readonly name: string;
  /** `ONNXType`: 1 is a tensor. */
  readonly kind: number;
  /** `TensorProto.DataType`. */
  readonly type: number;
  /** -1 where a size is known only at run time. */
  readonly shape: readonly number[];
}

export interface GraphPorts {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
}

const pathBytesMax = 4095;

/**
 * Loads the graph with its weights into the engine, on native threads: it can be run, or this fails with the engine's
 * words; and the engine knows what shapes the outputs have.
 *
 * @throws FormatError `invalid_model`, `engine_too_old`; NotFoundError `engine_missing`, `file_not_found`
 */
export async function describeGraph(
  graph: Uint8Array,
  weights: readonly PlacedWeight[],
  { engine, signal }: CompileOptions,
  op: string,
): Promise<GraphPorts> {
  const library = findEngineLibrary(engine?.path, op);
  using held = new DisposableStack();
  const list = weights.map(({ name, type, shape, source, byteOffset, byteLength }) => {
    const { memory, begin } = source.map(byteOffset, byteLength, op);
    held.use(memory);
    return { name, type, shape, memory: [memory.slot, memory.generation], offset: begin };
  });
  const json = new TextEncoder().encode(JSON.stringify(list));
  const message = held.use(NativeBuffer.create(graph.length + json.length, op));
  const bytes = new Uint8Array(message.buffer);
  bytes.set(graph);
  bytes.set(json, graph.length);
  const start = () => {
    const tooLong = () => makeError("invalid_argument", { op, message: `the path ${library} is too long.` });
    const length = writeText(library, 0, pathBytesMax, tooLong);
    return native.mr_graph_describe(message.slot, message.generation, graph.length, json.length, length);
  };
  const take = (slot: number) => {
    const byteLength = block.results[1]!;
    using answer = NativeBuffer.adopt(slot, byteLength);
    return JSON.parse(new TextDecoder().decode(answer.buffer)) as GraphPorts;
  };
  return await runJob(start, take, op, signal);
}

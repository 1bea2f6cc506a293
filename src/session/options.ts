import { findEngineLibrary } from "../native/engine-library.ts";
import { MillraceError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import type { Model } from "../popef/index.ts";
import type { ResolvedConfig } from "./config.ts";
import type { Option } from "./native-session.ts";

const lookAhead = "streamCallbacks.maxLookahead";

/** What the engine is told: the model's options, the look-ahead, and where ONNX Runtime is, which runs our executables. */
export function engineOptions(model: Model, config: ResolvedConfig, ours: boolean): Option[] {
  const options = model.metadata.engineOptions
    .filter(({ name }) => name !== lookAhead || !config.maxLookAheadGiven)
    .map(({ name, value }) => ({ name, value }));
  if (!options.some(({ name }) => name === lookAhead) && !off("max_look_ahead"))
    options.push({ name: lookAhead, value: config.maxLookAhead });
  if (!ours) return options;
  const { path = engineLibrary(), threads } = config.engine;
  if (path !== undefined) options.push({ name: "millrace.engine", value: path });
  if (threads !== undefined) options.push({ name: "millrace.engineThreads", value: String(threads) });
  return options;
}

/** Undefined: the device says so when a program needs it. */
function engineLibrary(): string | undefined {
  try {
    return findEngineLibrary(undefined, "Session");
  } catch (error) {
    if (error instanceof MillraceError && error.code === "engine_missing") return undefined;
    throw error;
  }
}

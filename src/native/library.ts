import { dlopen, type Pointer, toArrayBuffer } from "bun:ffi";
import { digest, block as layout, limits, symbols } from "./bindings.generated.ts";
import { makeError } from "./error.ts";
import { findLibrary } from "./library-path.ts";
import { logChoice } from "./log.ts";

type Ffi = "u32" | "i32" | "f64" | "ptr";
type Numbers<A extends readonly Ffi[]> = { -readonly [I in keyof A]: number };
export type Native = {
  readonly [K in keyof typeof symbols]: (...args: Numbers<(typeof symbols)[K]["args"]>) => number;
};

// bun-types lacks the finalizer's two arguments.
const wrap = toArrayBuffer as unknown as (
  address: Pointer,
  offset: number,
  length: number,
  context: Pointer,
  finalizer: Pointer,
) => ArrayBuffer;

/** The memory that this thread and the native side talk through; see `zig/abi/block.zig`. */
export interface Block {
  readonly results: Float64Array;
  readonly values: Float64Array;
  readonly text: Uint8Array;
  readonly completions: Uint32Array;
  /** errno, length of the error text, whether a reference was handed over that nobody owns yet. */
  readonly error: Int32Array;
}

interface Loaded {
  readonly native: Native;
  readonly block: Block;
  readonly bufferEnded: Pointer;
}

const op = "millrace";

function load(): Loaded {
  const { path, reason } = findLibrary(op);
  const native = openLibrary(path);
  logChoice(`native library ${path}: ${reason}`);
  const address = native.mr_thread_attach() as Pointer;
  if (!address) throw makeError("out_of_memory", { op });
  // The finalizers' addresses are needed to wrap the block, and are read from it: a first look without one.
  const first = new Float64Array(toArrayBuffer(address, 0, 16).slice(0));
  const [threadEnded, bufferEnded] = [first[0] as Pointer, first[1] as Pointer];
  const memory = wrap(address, 0, layout.size, address, threadEnded);
  return {
    native,
    bufferEnded,
    block: {
      results: new Float64Array(memory, layout.results, limits.results_max),
      values: new Float64Array(memory, layout.values, limits.values_max),
      text: new Uint8Array(memory, layout.text, limits.text_max),
      completions: new Uint32Array(memory, layout.completions, limits.completions_max * 2),
      error: new Int32Array(memory, layout.errno, 3),
    },
  };
}

function openLibrary(path: string): Native {
  const stale = () =>
    makeError("library_stale", { op, message: `${path} does not match src/native/bindings.generated.ts.` });
  let native: Native;
  try {
    native = dlopen(path, symbols).symbols as unknown as Native;
  } catch (cause) {
    // An older library lacks exports; anything else is not one of ours.
    if (digestOf(path) !== undefined) throw stale();
    throw makeError("library_unusable", { op, message: `${path} cannot be loaded.`, cause });
  }
  if (native.mr_abi_digest() !== digest) throw stale();
  return native;
}

function digestOf(path: string): number | undefined {
  try {
    return dlopen(path, { mr_abi_digest: symbols.mr_abi_digest }).symbols.mr_abi_digest();
  } catch {
    return undefined;
  }
}

// One per JavaScript thread, kept across hot reloads: modules run again, the thread and its block stay.
const key = Symbol.for("millrace.library");
const store = globalThis as unknown as Record<symbol, (Loaded & { onReload: Array<() => void> }) | undefined>;
const previous = store[key];
if (previous !== undefined) {
  for (const close of previous.onReload.splice(0)) close();
  previous.native.mr_boundary_reset();
}
const loaded = previous ?? { ...load(), onReload: [] };
store[key] = loaded;

export const { native, block } = loaded;

/** Runs when a hot reload replaces the modules: what they held is closed. */
export function onReload(close: () => void): void {
  loaded.onReload.push(close);
}

/**
 * An `ArrayBuffer` over native memory whose address, length and mapping the last call left in `results`. It owns the
 * reference that the call handed over: unmapping happens in its finalizer and nowhere else.
 */
export function wrapResult(): ArrayBuffer {
  const { results, error } = block;
  if (results[1] === 0) return new ArrayBuffer(0);
  const { bufferEnded } = loaded;
  // Nothing comes between the two lines, a Worker's end neither: the native side keeps the reference until the first, and the
  // buffer owns it from the second on.
  error[2] = 0;
  return wrap(results[0] as Pointer, 0, results[1]!, results[2] as Pointer, bufferEnded);
}

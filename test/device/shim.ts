// The C ABI of `zig/driver/poplar/shim.h`, as a session drives it: for tests of what is behind it.
import { dlopen, JSCallback, type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { encodeExecutable, type Plan } from "../../src/popef/executable/index.ts";
import { simulatorPath } from "./under-test.ts";

const { symbols: shim } = dlopen(simulatorPath, {
  mrp_last_error: { args: ["ptr"], returns: "void" },
  mrp_device_open: { args: ["u32", "ptr", "usize", "ptr"], returns: "i32" },
  mrp_device_create_model: { args: ["i32", "u32", "u32", "ptr", "usize", "ptr"], returns: "i32" },
  mrp_device_attach: { args: ["ptr", "ptr"], returns: "i32" },
  mrp_device_detach: { args: ["ptr"], returns: "i32" },
  mrp_device_reset: { args: ["ptr"], returns: "i32" },
  mrp_device_close: { args: ["ptr"], returns: "void" },
  mrp_executable_open: { args: ["ptr", "usize", "i32", "ptr"], returns: "i32" },
  mrp_executable_close: { args: ["ptr"], returns: "void" },
  mrp_engine_create: { args: ["ptr", "ptr", "usize", "ptr"], returns: "i32" },
  mrp_engine_load: { args: ["ptr", "ptr"], returns: "i32" },
  mrp_engine_run: { args: ["ptr", "u32"], returns: "i32" },
  mrp_engine_stop: { args: ["ptr"], returns: "i32" },
  mrp_engine_close: { args: ["ptr"], returns: "void" },
  mrp_engine_connect_memory: { args: ["ptr", "ptr", "u32", "ptr", "usize"], returns: "i32" },
  mrp_engine_connect_callbacks: { args: ["ptr", "ptr", "u32", "ptr", "ptr"], returns: "i32" },
  mrp_engine_copy_to_remote: { args: ["ptr", "ptr", "ptr", "u32", "u32"], returns: "i32" },
  mrp_engine_copy_from_remote: { args: ["ptr", "ptr", "ptr", "u32", "u32"], returns: "i32" },
});

const statuses = [
  "ok",
  "application",
  "recoverable",
  "unrecoverable",
  "unknown",
  "stream",
  "invalid_option",
  "invalid_executable",
  "package_hash",
  "invalid_argument",
  "out_of_memory",
  "stopped",
  "host_sync_timeout",
  "not_attached",
  "engine_missing",
] as const;
export type Status = (typeof statuses)[number];

export interface Failure {
  readonly status: Status;
  readonly recoveryAction: number;
  readonly message: string;
}

export function lastFailure(): Failure {
  const error = new Uint8Array(1024);
  shim.mrp_last_error(error);
  const [status, recoveryAction] = new Int32Array(error.buffer, 0, 2);
  const text = error.subarray(8);
  return {
    status: statuses[status!]!,
    recoveryAction: recoveryAction!,
    message: new TextDecoder().decode(text.subarray(0, text.indexOf(0))),
  };
}

function named(status: number): Status {
  return statuses[status]!;
}

function must(status: number): void {
  if (status !== 0) throw new Error(`${named(status)}: ${lastFailure().message}`);
}

/** A pointer that a call gives back. */
function made(call: (out: BigUint64Array) => number): Pointer {
  const out = new BigUint64Array(1);
  must(call(out));
  return Number(out[0]) as Pointer;
}

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

class Options {
  readonly #texts: Uint8Array[] = [];
  readonly memory: BigUint64Array;
  readonly count: number;

  constructor(options: Readonly<Record<string, string>>) {
    this.#texts = Object.entries(options).flat().map(text);
    this.memory = new BigUint64Array(Math.max(this.#texts.length, 1));
    this.#texts.forEach((bytes, index) => {
      this.memory[index] = BigInt(ptr(bytes));
    });
    this.count = this.#texts.length / 2;
  }
}

/** A device, attached. */
export class ShimDevice implements Disposable {
  readonly raw: Pointer;

  private constructor(raw: Pointer) {
    this.raw = raw;
  }

  static open(id: number): ShimDevice {
    const none = new Options({});
    const device = new ShimDevice(made((out) => shim.mrp_device_open(id, none.memory, 0, out)));
    if (!device.attach()) throw new Error(lastFailure().message);
    return device;
  }

  static model(tiles: number): ShimDevice {
    const none = new Options({});
    return new ShimDevice(made((out) => shim.mrp_device_create_model(2, 1, tiles, none.memory, 0, out)));
  }

  attach(): boolean {
    const attached = new Uint32Array(1);
    must(shim.mrp_device_attach(this.raw, attached));
    return attached[0] === 1;
  }

  detach(): Status {
    return named(shim.mrp_device_detach(this.raw));
  }

  reset(): Status {
    return named(shim.mrp_device_reset(this.raw));
  }

  [Symbol.dispose](): void {
    shim.mrp_device_close(this.raw);
  }
}

/** What a stream's callbacks do with the buffer of an element; all on the thread that runs the program. */
export interface StreamCalls {
  readonly prefetch?: ((buffer: ArrayBuffer) => boolean) | undefined;
  readonly fetch: (buffer: ArrayBuffer) => void;
  readonly complete?: (() => void) | undefined;
  readonly invalidate?: (() => void) | undefined;
}

export class ShimEngine implements Disposable {
  readonly #executable: Pointer;
  readonly #engine: Pointer;
  readonly #kept: unknown[] = [];

  constructor(plan: Plan, options: Readonly<Record<string, string>> = {}) {
    const bytes = encodeExecutable(plan, new Uint8Array());
    const given = new Options(options);
    this.#kept.push(bytes);
    this.#executable = made((out) => shim.mrp_executable_open(bytes, bytes.length, 1, out));
    try {
      this.#engine = made((out) => shim.mrp_engine_create(this.#executable, given.memory, given.count, out));
    } catch (error) {
      shim.mrp_executable_close(this.#executable);
      throw error;
    }
  }

  load(device: ShimDevice): Status {
    return named(shim.mrp_engine_load(this.#engine, device.raw));
  }

  run(program = 0): Status {
    return named(shim.mrp_engine_run(this.#engine, program));
  }

  stop(): Status {
    return named(shim.mrp_engine_stop(this.#engine));
  }

  connectMemory(handle: string, memory: NodeJS.TypedArray): Status {
    this.#kept.push(memory);
    const begin = ptr(memory);
    return named(
      shim.mrp_engine_connect_memory(this.#engine, text(handle), 0, begin, Number(begin) + memory.byteLength),
    );
  }

  connect(handle: string, bytes: number, calls: StreamCalls): Status {
    const buffer = (address: Pointer) => toArrayBuffer(address, 0, bytes);
    const { prefetch, fetch, complete, invalidate } = calls;
    const both = { args: ["ptr", "ptr"], returns: "void" } as const;
    const one = { args: ["ptr"], returns: "void" } as const;
    const functions = [
      prefetch && new JSCallback((_, at) => (prefetch(buffer(at)) ? 0 : 1), { ...both, returns: "i32" }),
      new JSCallback((_, at) => fetch(buffer(at)), both),
      new JSCallback(() => complete?.(), one),
      new JSCallback(() => invalidate?.(), one),
    ];
    const table = new BigUint64Array(5);
    functions.forEach((one, index) => {
      table[index] = BigInt(one?.ptr ?? 0);
    });
    this.#kept.push(...functions, table);
    return named(shim.mrp_engine_connect_callbacks(this.#engine, text(handle), 0, table, null));
  }

  toRemote(handle: string, data: NodeJS.TypedArray, repeat = 0): Status {
    return named(shim.mrp_engine_copy_to_remote(this.#engine, data, text(handle), repeat, 0));
  }

  fromRemote(handle: string, data: NodeJS.TypedArray, repeat = 0): Status {
    return named(shim.mrp_engine_copy_from_remote(this.#engine, text(handle), data, repeat, 0));
  }

  [Symbol.dispose](): void {
    shim.mrp_engine_close(this.#engine);
    shim.mrp_executable_close(this.#executable);
    for (const kept of this.#kept) if (kept instanceof JSCallback) kept.close();
  }
}

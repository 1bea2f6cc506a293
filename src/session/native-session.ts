import { check, nativeError, readText, writeText } from "../native/check.ts";
import { type MillraceError, makeError } from "../native/error.ts";
import { block, native, wrapResult } from "../native/library.ts";
import { off } from "../native/switches.ts";
import type { NativeRef } from "../tensor/index.ts";
import { recoveryActionOf } from "./recovery-action.ts";

export interface Option {
  readonly name: string;
  readonly value: string;
}

/** A stream of the executable. */
export interface StreamInfo {
  readonly handle: string;
  /** Bytes of one transfer of one replica; known where `replicas` is. */
  readonly size: number;
  readonly toDevice: boolean;
  /** 0: the driver tells neither this nor the size. */
  readonly replicas: number;
}

/** A handle that was just returned, of a native stream. */
export interface StreamHandle {
  readonly slot: number;
  readonly generation: number;
}

/** Called with the memory of one transfer, on this thread. */
export type Transfer = (memory: ArrayBuffer) => void;

export const nothing = 0;
const callback = 1;
const textMax = 8192;

function put(text: string, offset: number, op: string): number {
  return writeText(text, offset, textMax - offset, () =>
    makeError("invalid_argument", { op, message: `${text.length} characters are too many.` }),
  );
}

/** The native session behind a `Session`: its commands, its streams, and the callbacks that it asks for. */
export class NativeSession {
  readonly slot: number;
  readonly generation: number;
  readonly #transfers = new Map<number, Transfer>();
  #keys = 0;
  #closed = false;

  constructor(executable: NativeRef, byteLength: number, options: readonly Option[], checkHash: boolean, op: string) {
    const length = put(options.map(({ name, value }) => `${name}\0${value}\0`).join(""), 0, op);
    const { slot, generation, byteOffset } = executable;
    this.slot = check(
      native.mr_session_create(slot, generation, byteOffset, byteLength, length, checkHash ? 1 : 0),
      op,
    );
    this.generation = block.results[0]!;
  }

  bind(device: StreamHandle): number {
    return native.mr_session_bind(this.slot, this.generation, device.slot, device.generation);
  }

  unbind(): number {
    return native.mr_session_unbind(this.slot, this.generation);
  }

  reload(): number {
    return native.mr_session_reload(this.slot, this.generation);
  }

  /** `times` 0: until stopped. */
  run(programs: readonly number[], times: number): number {
    const numbers = new DataView(block.text.buffer, block.text.byteOffset, textMax);
    programs.forEach((program, index) => {
      numbers.setUint32(index * 4, program, true);
    });
    return native.mr_session_run(this.slot, this.generation, programs.length, times);
  }

  stop(op: string): void {
    check(native.mr_session_stop(this.slot, this.generation), op);
  }

  /**
   * Waits for at most `limitMs`, and makes the callback that is wanted. True: the command has ended.
   * @throws what the command failed with.
   */
  poll(limitMs: number, op: string): boolean | typeof nothing {
    const event = native.mr_session_poll(this.slot, this.generation, limitMs);
    if (event < 0) throw failure(event, op);
    if (event === nothing) return nothing;
    if (event !== callback) return true;
    this.#serve(op);
    return false;
  }

  #serve(op: string): void {
    if (check(native.mr_session_callback(this.slot, this.generation), op) === 0) return;
    const [key, number] = [block.results[3]!, block.results[4]!];
    const memory = wrapResult();
    try {
      this.#transfers.get(key)?.(memory);
    } finally {
      // Views get length 0. Whoever moved the memory away, or pins it, keeps it; the next call gets other memory.
      if (!memory.detached && !off("callback_detaches")) memory.transfer(0);
      if (!this.#closed) check(native.mr_session_answer(this.slot, this.generation, number), op);
    }
  }

  /** The executable's streams, once bound. */
  streams(op: string): StreamInfo[] {
    const streams: StreamInfo[] = [];
    for (;;) {
      const length = check(native.mr_session_stream(this.slot, this.generation, streams.length), op);
      const [size, toDevice, replicas] = [block.results[0]!, block.results[1]! === 1, block.results[2]!];
      if (size < 0) return streams;
      streams.push({ handle: readText(0, length), size, toDevice, replicas });
    }
  }

  /** What the model says of a stream, for drivers that tell less. */
  describe({ handle, size, replicas }: StreamInfo, op: string): void {
    const length = put(handle, 0, op);
    check(native.mr_session_describe(this.slot, this.generation, length, size, replicas), op);
  }

  /** Declares a remote buffer, which is then connected as streams are. */
  addRemoteBuffer(stream: StreamInfo, programs: readonly number[], repeats: number, op: string): void {
    block.values.set([stream.toDevice ? 1 : 0, repeats, stream.size, ...programs.slice(0, block.values.length - 3)]);
    const length = put(stream.handle, 0, op);
    check(native.mr_session_remote(this.slot, this.generation, length, programs.length), op);
  }

  /** Leads a stream of one replica to `to`, whose handle is closed. */
  connect(handle: string, replica: number, to: StreamHandle, op: string): void {
    try {
      const length = put(handle, 0, op);
      check(native.mr_session_connect(this.slot, this.generation, to.slot, to.generation, length, replica), op);
    } finally {
      native.mr_stream_close(to.slot, to.generation);
    }
  }

  /** A native stream that asks for `transfer`; its key serves to forget it. */
  userStream({ size, toDevice }: StreamInfo, transfer: Transfer, op: string): StreamHandle & { readonly key: number } {
    const key = this.#keys++;
    const slot = check(native.mr_stream_user(this.slot, this.generation, key, toDevice ? 1 : 0, size), op);
    this.#transfers.set(key, transfer);
    return { slot, generation: block.results[0]!, key };
  }

  forget(key: number): void {
    this.#transfers.delete(key);
  }

  close(op: string): void {
    this.#closed = true;
    this.#transfers.clear();
    check(native.mr_session_close(this.slot, this.generation), op);
  }
}

function failure(event: number, op: string): MillraceError {
  const recoveryAction = off("recovery_action") ? undefined : recoveryActionOf(block.results[0]!);
  const text = readText(0, block.error[1]!);
  const error = nativeError(event, op);
  if (error.code !== "device_recoverable" || recoveryAction === undefined) return error;
  return makeError(error.code, { op, message: text, cause: { recoveryAction } });
}

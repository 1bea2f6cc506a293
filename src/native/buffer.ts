import { check, checkInteger, writeText } from "./check.ts";
import { makeError } from "./error.ts";
import { block, native, wrapResult } from "./library.ts";
import { off } from "./switches.ts";

const pathBytesMax = 4095;

/** The most that Bun wraps into one `ArrayBuffer`. */
export const bufferBytesMax = 0xffff_ffff;

/**
 * One `ArrayBuffer` over a native mapping, made when it is first looked at and again if the user moved it away. `show`
 * leaves the mapping in the block's results and hands a reference over.
 */
export class LazyBuffer {
  #buffer: ArrayBuffer | undefined;
  readonly #show: () => void;

  constructor(show: () => void) {
    this.#show = show;
  }

  get(): ArrayBuffer {
    if (this.#buffer !== undefined && !this.#buffer.detached) return this.#buffer;
    this.#show();
    this.#buffer = wrapResult();
    return this.#buffer;
  }

  /** Views get length 0. Memory goes when nobody else (a file call in flight, a buffer that was moved) holds it. */
  close(): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    if (buffer !== undefined && !buffer.detached && !off("close_detaches")) buffer.transfer(0);
  }
}

/** Zeroed native memory of this process, shared by reference count. `bytes()` has length 0 after `close`. */
export class NativeBuffer {
  readonly byteLength: number;
  readonly slot: number;
  readonly generation: number;
  readonly #lazy: LazyBuffer;
  #closed = false;

  private constructor(slot: number, byteLength: number) {
    this.slot = slot;
    this.generation = block.results[0]!;
    this.byteLength = byteLength;
    this.#lazy = new LazyBuffer(() => check(native.mr_memory_view(this.slot, this.generation), "NativeBuffer.buffer"));
  }

  /** @throws `invalid_argument`, `too_large` (4 GiB), `out_of_memory`, `too_many_mappings` */
  static create(byteLength: number, op = "NativeBuffer.create"): NativeBuffer {
    checkInteger(byteLength, "byteLength", op);
    if (byteLength > bufferBytesMax)
      throw makeError("too_large", { op, message: `${byteLength} bytes were asked for.` });
    return new NativeBuffer(check(native.mr_memory_create(byteLength), op), byteLength);
  }

  /**
   * A window of a file, copy on write. The memory begins up to 63 bytes before it: at `begin` lies the byte at `offset`.
   *
   * @throws `file_not_found`, `out_of_bounds`, `too_large` (4 GiB), `too_many_mappings`
   */
  static mapFile(
    path: string,
    offset: number,
    byteLength: number,
    op: string,
  ): { memory: NativeBuffer; begin: number } {
    if (byteLength > bufferBytesMax - 64)
      throw makeError("too_large", { op, message: `${byteLength} bytes of ${path}.` });
    const length = writeText(path, 0, pathBytesMax, () =>
      makeError("invalid_argument", { op, message: `a path of ${path.length} characters is too long.` }),
    );
    const slot = check(native.mr_memory_mapFile(length, offset, byteLength), op);
    const begin = block.results[1]!;
    return { memory: new NativeBuffer(slot, byteLength + begin), begin };
  }

  /** Owns the handle that a call has just returned, of memory of `byteLength` bytes. */
  static adopt(slot: number, byteLength: number): NativeBuffer {
    return new NativeBuffer(slot, byteLength);
  }

  /** Another owner of the same memory, with an `ArrayBuffer` of its own. */
  share(): NativeBuffer {
    return new NativeBuffer(
      check(native.mr_memory_share(this.slot, this.generation), "NativeBuffer.share"),
      this.byteLength,
    );
  }

  /** A private view of shared memory drops what was written to it. */
  reset(): void {
    check(native.mr_memory_reset(this.slot, this.generation), "NativeBuffer.reset");
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The memory. The user may move it away (`transfer`, `postMessage`): the next call wraps it anew. */
  get buffer(): ArrayBuffer {
    return this.#lazy.get();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lazy.close();
    check(native.mr_memory_close(this.slot, this.generation), "NativeBuffer.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

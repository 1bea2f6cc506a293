import type { NativeBuffer } from "../../native/buffer.ts";
import { checkInteger } from "../../native/check.ts";
import { makeError } from "../../native/error.ts";
import { off, switchable } from "../../native/switches.ts";
import { type MemoryKind, type NativeRef, registerNativeBuffer, unregisterNativeBuffer } from "../../tensor/index.ts";
import type { PopefData } from "../data.ts";
import { Lifetime } from "./lifetime.ts";
import type { Source } from "./source.ts";

interface Shown {
  readonly memory: NativeBuffer;
  readonly begin: number;
  buffer: ArrayBuffer | undefined;
}

/** A stretch of a source. */
export class BlobData implements PopefData {
  readonly byteLength: number;
  readonly #source: Source;
  readonly #byteOffset: number;
  readonly #lifetime: Lifetime;
  /** The lifetime is this data's alone, and ends with it. */
  readonly #alone: boolean;
  #shown: Shown | undefined;

  constructor(source: Source, byteOffset: number, byteLength: number, lifetime: Lifetime, alone = false) {
    this.#source = source;
    this.#byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.#lifetime = lifetime;
    this.#alone = alone;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const { memory, begin } = this.#show("PopefData.bytes");
    return new Uint8Array(this.#registered(memory), begin, this.byteLength);
  }

  get native(): NativeRef & { readonly memoryKind: MemoryKind } {
    const { memory, begin } = this.#show("PopefData.native");
    return { slot: memory.slot, generation: memory.generation, byteOffset: begin, memoryKind: "host" };
  }

  window(byteOffset: number, byteLength: number): BlobData {
    const op = "PopefData.window";
    this.#lifetime.requireOpen(op);
    checkInteger(byteOffset, "byteOffset", op);
    checkInteger(byteLength, "byteLength", op);
    if (byteOffset > this.byteLength || byteLength > this.byteLength - byteOffset) {
      throw makeError("out_of_bounds", {
        op,
        message: `${byteLength} bytes at ${byteOffset} of data that has ${this.byteLength}.`,
      });
    }
    return new BlobData(this.#source, this.#byteOffset + byteOffset, byteLength, this.#lifetime);
  }

  standalone(): BlobData {
    this.#lifetime.requireOpen("PopefData.standalone");
    const lifetime = new Lifetime("data");
    if (!off("popef_standalone")) lifetime.share(this.#source);
    return new BlobData(this.#source, this.#byteOffset, this.byteLength, lifetime, true);
  }

  close(): void {
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown !== undefined) {
      if (shown.buffer !== undefined) unregisterNativeBuffer(shown.buffer);
      shown.memory.close();
      this.#lifetime.forget(this);
    }
    if (this.#alone) this.#lifetime.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #show(op: string): Shown {
    this.#lifetime.requireOpen(op);
    if (this.#shown === undefined) {
      this.#shown = { ...this.#source.map(this.#byteOffset, this.byteLength, op), buffer: undefined };
      this.#lifetime.opened(this);
    }
    return this.#shown;
  }

  /** Arrays over the buffer go to the native side by reference. */
  #registered(memory: NativeBuffer): ArrayBuffer {
    const { buffer, slot, generation } = memory;
    if (buffer !== this.#shown!.buffer) {
      registerNativeBuffer(buffer, { slot, generation, byteOffset: 0, memoryKind: "host" });
      this.#shown!.buffer = buffer;
    }
    return buffer;
  }
}

switchable("BlobData", BlobData);

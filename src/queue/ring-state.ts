import { check } from "../native/check.ts";
import { makeError } from "../native/error.ts";
import { block, native } from "../native/library.ts";
import { log } from "../native/log.ts";
import { off, switchable } from "../native/switches.ts";
import type { RingCore } from "./ring-core.ts";

/** Names a ring of this process for its other threads: can be posted to a Worker. */
export interface RingToken {
  readonly millraceRing: readonly [id: number, secret: number, secret2: number];
}

const forgotten = new FinalizationRegistry<string>((label) =>
  log("warn", `the ring "${label}" was collected without close: its ends stay taken. Declare it with \`using\`.`),
);

/** What a ring is, whichever end one has. */
export abstract class RingState implements Disposable {
  /** @internal */
  readonly core: RingCore;
  /** @internal */
  readonly slot: number;
  /** @internal */
  readonly generation: number;

  constructor(core: RingCore) {
    this.core = core;
    this.slot = core.handle.slot;
    this.generation = core.handle.generation;
    forgotten.register(this, core.handle.label, this);
  }

  /** As many slots as can be filled at a time. */
  numBuffers(): number {
    return this.core.handle.numBuffers;
  }

  /** Bytes of a slot. */
  get bufferSize(): number {
    return this.core.handle.bufferSize;
  }

  label(): string {
    return this.core.handle.label;
  }

  /** All slots, one after the other. A lock's `byteOffset` tells which one it is. */
  get buffer(): ArrayBuffer {
    if (this.closed) throw makeError("closed", { op: "SpscRingBuffer.buffer", message: "the ring was closed." });
    return this.core.slots.buffer;
  }

  /** For `attach` in other threads of this process; while this object is open. */
  share(): RingToken {
    check(native.mr_ring_token(this.slot, this.generation), "SpscRingBuffer.share");
    const [id, secret, secret2] = block.results;
    return { millraceRing: [id!, secret!, secret2!] };
  }

  /** Ends all waits at both ends; later calls do not wait, and locks return undefined, until `reset`. */
  invalidate(): void {
    check(native.mr_ring_invalidate(this.slot, this.generation), "SpscRingBuffer.invalidate");
  }

  /** Empty and valid again. When both ends have let go: what is being written or read is lost. */
  reset(): void {
    if (off("ring_reset")) return;
    check(native.mr_ring_reset(this.slot, this.generation), "SpscRingBuffer.reset");
  }

  isValid(): boolean {
    return check(native.mr_ring_isValid(this.slot, this.generation), "SpscRingBuffer.isValid") === 1;
  }

  /** A line for debugging, such as `> frames: valid, 2 of 4 filled, 1 locked for reading, 0 for writing`. */
  getState(prefix = ""): string {
    const valid = this.isValid();
    check(native.mr_ring_state(this.slot, this.generation), "SpscRingBuffer.getState");
    const [filled, reading, writing] = block.results;
    const { label, numBuffers } = this.core.handle;
    return `${prefix}${label}: ${valid ? "valid" : "invalid"}, ${filled} of ${numBuffers} filled, ${reading} locked for reading, ${writing} for writing`;
  }

  get closed(): boolean {
    return this.core.closed;
  }

  /** Gives the object's ends up: views get length 0, its waits `closed`, the other end `peer_lost`. Twice is fine. */
  close(): void {
    if (this.closed) return;
    this.core.closed = true;
    for (const waiting of this.core.waits) waiting.close();
    forgotten.unregister(this);
    this.core.slots.close();
    check(native.mr_ring_close(this.slot, this.generation), "SpscRingBuffer.close");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

switchable("SpscRingBuffer", RingState);

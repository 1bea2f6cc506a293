import type { NativeRef } from "../tensor/index.ts";
import type { PinnedMemory } from "./pinned-memory.ts";

/** What a ring of staging memory needs of its stream. */
export interface StagingStream {
  allocatePinned(byteLength: number): PinnedMemory;
  /** The last ticket that was reached. */
  reached(): number;
  /** Blocks until the ticket is reached; what failed has been reached too. */
  awaitTicket(ticket: number): void;
}

/** A piece of staging memory: where it is, and its bytes. */
export interface Piece {
  readonly native: NativeRef;
  readonly bytes: Uint8Array;
}

const firstBytes = 1 << 20;
const bytesMax = 64 << 20;
/** A quarter of the ring at most, so that one piece fills while others are copied. */
export const pieceBytesMax = bytesMax / 4;
const alignment = 64;
const piecesMax = 4096;

/**
 * Page-locked memory through which arrays of JavaScript's heap go to the device and back: a ring that is used again once the device
 * has done with it. It grows to 64 MiB as it is needed; once it has, nothing is allocated.
 */
export class Staging {
  readonly #stream: StagingStream;
  #memory: PinnedMemory | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Of pieces in use, oldest first: where each begins, and the ticket after which it is free. */
  readonly #begins = new Float64Array(piecesMax);
  readonly #tickets = new Float64Array(piecesMax);
  #first = 0;
  #count = 0;
  #head = 0;

  constructor(stream: StagingStream) {
    this.#stream = stream;
  }

  /** Memory of at most `pieceBytesMax` bytes, to be given a ticket at once by `use`. Blocks while none is free. */
  take(byteLength: number): Piece {
    const size = Math.ceil(byteLength / alignment) * alignment;
    let at = this.#fit(size);
    if (at < 0) {
      this.#reclaim();
      at = this.#fit(size);
    }
    while (at < 0) {
      if (!this.#grow(size)) {
        this.#stream.awaitTicket(this.#tickets[this.#first]!);
        this.#reclaim();
      }
      at = this.#fit(size);
    }
    this.#begins[(this.#first + this.#count) % piecesMax] = at;
    this.#head = at + size;
    return { native: this.#memory!.at(at), bytes: this.#bytes.subarray(at, at + byteLength) };
  }

  /** The piece taken last is free again after `ticket`. Without a ticket it is free now. */
  use(ticket: number): void {
    this.#tickets[(this.#first + this.#count) % piecesMax] = ticket;
    this.#count++;
  }

  close(): void {
    this.#memory?.close();
    this.#memory = undefined;
    this.#bytes = new Uint8Array(0);
    this.#count = 0;
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** Where `size` bytes fit, or -1. */
  #fit(size: number): number {
    const capacity = this.#bytes.byteLength;
    if (this.#count === 0) return capacity > 0 && size <= capacity ? 0 : -1;
    if (this.#count === piecesMax) return -1;
    const tail = this.#begins[this.#first]!;
    if (this.#head <= tail) return tail - this.#head >= size && this.#head < tail ? this.#head : -1;
    if (capacity - this.#head >= size) return this.#head;
    return tail >= size && size > 0 ? 0 : -1;
  }

  #reclaim(): void {
    const reached = this.#stream.reached();
    while (this.#count > 0 && this.#tickets[this.#first]! <= reached) {
      this.#first = (this.#first + 1) % piecesMax;
      this.#count--;
    }
  }

  /** A larger ring in place of this one, which goes when what uses it is done. False: it is as large as it may be. */
  #grow(size: number): boolean {
    const capacity = this.#bytes.byteLength;
    if (capacity >= bytesMax || this.#count === piecesMax) return false;
    let wanted = Math.max(firstBytes, capacity * 2);
    while (wanted < size * 4) wanted *= 2;
    const memory = this.#stream.allocatePinned(Math.min(wanted, bytesMax));
    this.#memory?.close();
    this.#memory = memory;
    this.#bytes = memory.bytes();
    this.#count = 0;
    this.#first = 0;
    this.#head = 0;
    return true;
  }
}

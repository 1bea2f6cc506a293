import type { FastIOAllocation, FastIOContext } from "../../src/fastio/index.ts";

/** How a message's memory comes about. */
export type Mode = "reused" | "fresh";
/** Through which view the receiver reads: its own copy-on-write pages, or the memory itself. */
export type ViewKind = "getArray" | "map";

export interface ChannelParts {
  readonly out: string;
  readonly back: string;
  /** Of a message sent by this side. */
  readonly bytes: number;
  readonly mode: Mode;
  readonly view: ViewKind;
}

type Message = FastIOAllocation<"float64">;

/**
 * One side of an exchange that both sides poll, through FastIO's public calls alone: `changes`, then `tryGet`. The first element of a message is
 * its sequence number.
 *
 * reused: two allocations in turn, published under one name with `replace`, so that both sides have mapped everything
 * before; the receiver tells a new message from the old one by its sequence number. fresh: a new allocation and a new
 * name for every message, which the receiver frees after reading.
 */
export class Channel implements Disposable {
  readonly #job: FastIOContext;
  readonly #parts: ChannelParts;
  readonly #kept: readonly Message[];
  #next: Message | undefined;
  #seen = -1;
  #last: Message | undefined;

  constructor(job: FastIOContext, parts: ChannelParts) {
    this.#job = job;
    this.#parts = parts;
    this.#kept = parts.mode === "reused" ? [this.#create(), this.#create()] : [];
  }

  /** Makes the memory of message `sequence`; not timed. Returns the view to write to. */
  prepare(sequence: number): Float64Array {
    this.#next = this.#parts.mode === "reused" ? this.#kept[sequence % 2]! : this.#create();
    return this.#next.map();
  }

  /** Publishes the message that was prepared. */
  send(sequence: number): void {
    const message = this.#next!;
    const { out, mode } = this.#parts;
    // If nobody else changes anything meanwhile, our own change is nothing to look at.
    this.#seen = (this.#job.changes + 1) % 2 ** 31;
    if (mode === "reused") return message.publish(out, { replace: true });
    message.publish(`${out}-${sequence}`);
    // The receiver frees it.
    message.release();
  }

  /** Polls until message `sequence` is there and has a usable view, of which one element has been read. */
  receive(sequence: number): Float64Array {
    const { back, mode, view } = this.#parts;
    const name = mode === "reused" ? back : `${back}-${sequence}`;
    for (let polls = 0; polls < 1e10; polls++) {
      const changes = this.#job.changes;
      if (changes === this.#seen) continue;
      this.#seen = changes;
      const message = this.#job.tryGet<"float64">(name);
      if (message === undefined) continue;
      const values = message[view]();
      if (values[0] !== sequence) {
        message.release();
        continue;
      }
      this.#last = message;
      return values;
    }
    throw new Error(`message ${sequence} did not come`);
  }

  /** Gives back what `receive` returned. */
  done(): void {
    if (this.#parts.mode === "fresh") this.#last?.free();
    else this.#last?.release();
    this.#last = undefined;
  }

  [Symbol.dispose](): void {
    this.done();
    for (const message of this.#kept) message.free();
  }

  #create(): Message {
    return this.#job.create({ dtype: "float64", shape: [this.#parts.bytes / 8] });
  }
}
